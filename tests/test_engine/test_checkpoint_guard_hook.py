import pytest
import torch
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import AMM, amr, branch, build
from projects.amr.errors import CheckpointMismatchError


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
