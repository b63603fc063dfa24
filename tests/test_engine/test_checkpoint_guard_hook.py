from types import SimpleNamespace

import pytest
import torch
from affinity_configs import irnet
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import AMM, amr, branch, build
from projects.amr.engine import CheckpointGuardHook
from projects.amr.errors import CheckpointMismatchError
from projects.amr.runtime.checkpoints.checkpoint import (
    require_match,
)


def load(toy_root, tmp_path, checkpoint, model):
    cfg = tiny_config(toy_root, tmp_path / 'work', model)
    cfg.experiment_name = tmp_path.name
    path = tmp_path / 'a.pth'
    torch.save(checkpoint, path)
    cfg.load_from = str(path)
    runner = Runner.from_cfg(cfg)
    runner.load_or_resume()
    return runner


def four_classes(model):
    for part in (model, model.get('spotlight'), model.get('compensation')):
        if part and 'head' in part:
            part['head']['num_classes'] = 4
    return model


def test_own_checkpoint_loads_and_tells_its_origin(toy_root, tmp_path):
    state = build(four_classes(branch())).state_dict()
    meta = {'cfg': "a = 1\ninitialisation = 'random (--no-pretrained)'\n"}
    checkpoint = {'state_dict': state, 'meta': meta}
    runner = load(toy_root, tmp_path, checkpoint, branch())
    loaded = runner.model.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)
    origin = runner.message_hub.get_info('initialisation')
    assert origin == 'random (--no-pretrained)'


@pytest.mark.parametrize(
    'other', [amr(), branch(AMM), branch(base_channels=8, stem_channels=8)]
)
def test_checkpoint_of_another_model_is_refused(toy_root, tmp_path, other):
    other = four_classes(other)
    if other.get('backbone', {}).get('base_channels') == 8:
        other['head']['in_channels'] = 256
    checkpoint = {'state_dict': build(other).state_dict(), 'meta': {}}
    with pytest.raises(CheckpointMismatchError, match=r'a\.pth'):
        load(toy_root, tmp_path, checkpoint, branch())


def with_displacements(model):
    """A state dict of a time when IRNet had one branch more."""
    return {
        **model.state_dict(),
        'displacement_head.regressor.weight': torch.zeros(2, 8, 1, 1),
    }


def test_weights_of_a_retired_branch_are_left_out(tmp_path):
    model = irnet()
    state = with_displacements(model)
    require_match(model, state, 'a.pth')
    model.load_state_dict(state)
    with pytest.raises(CheckpointMismatchError, match='other'):
        require_match(model, {**state, 'other': torch.zeros(1)}, 'a.pth')


@pytest.mark.parametrize('resume', [False, True])
def test_only_a_resumed_training_needs_the_retired_branch(resume):
    model = irnet()
    runner = SimpleNamespace(
        model=model,
        message_hub=MessageHub('retired'),
        _load_from='a.pth',
        _resume=resume,
    )
    checkpoint = {'state_dict': with_displacements(model)}
    hook = CheckpointGuardHook()
    if resume:
        with pytest.raises(CheckpointMismatchError, match=r'a\.pth'):
            hook.after_load_checkpoint(runner, checkpoint)
    else:
        hook.after_load_checkpoint(runner, checkpoint)
        model.load_state_dict(checkpoint['state_dict'])
