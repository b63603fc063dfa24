"""A killed and resumed training ends with the undisturbed one's weights."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from tool_process import state_digest
from training_faults import (
    classifier_file,
    killed_after,
    segmentor_file,
    train,
)

from projects.amr.engine.hooks.exact_resume_hook import lost_gradients


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize(
    ('make', 'last', 'step'),
    [(classifier_file, 'epoch_3.pth', 10), (segmentor_file, 'iter_9.pth', 5)],
)
def test_killed_and_undisturbed_trainings_end_alike(
    undisturbed, toy_root, tmp_path, make, last, step, workers
):
    config = make(toy_root, tmp_path, workers)
    train(config, 'whole', cwd=tmp_path)
    train(config, 'killed', cwd=tmp_path, patch=killed_after(step), code=137)
    output = train(config, 'killed', '--resume', cwd=tmp_path)
    assert 'resumed epoch' in output
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    assert state_digest(whole / last) == state_digest(killed / last)
    # Not only weights: momentum, schedule and random numbers too.
    ends = [torch.load(f / last, weights_only=True) for f in (whole, killed)]
    for key in ('optimizer', 'param_schedulers', 'random_state'):
        assert repr(ends[0][key]) == repr(ends[1][key])
    if make is classifier_file:  # workers change nothing
        assert state_digest(whole / last) == undisturbed.digest


@pytest.mark.parametrize(
    ('counts', 'steps', 'lost'), [(1, 7, 0), (4, 8, 0), (4, 10, 2), (3, 5, 2)]
)
def test_a_stop_in_mid_accumulation_is_told(counts, steps, lost):
    weight = torch.nn.Parameter(torch.zeros(1))
    wrapper = OptimWrapper(
        torch.optim.SGD([weight], lr=0.1), accumulative_counts=counts
    )
    note = lost_gradients(wrapper, {'meta': {'iter': steps}})
    assert note == '' if not lost else f'{lost} of {counts} steps' in note
