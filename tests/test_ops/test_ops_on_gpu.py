"""Operations and metrics on a pretended GPU, and their own ways there."""

import pytest
import torch
from cam_samples import evaluate, sample
from pretended_gpu import GPU, PretendedGPU

from projects.amr.evaluation import CAMIoUMetric, MapAgreementMetric
from projects.amr.ops import affinity, cam_to_label
from projects.amr.ops.adversarial_climbing import (
    climb_step,
    climbing_objective,
    value_range,
)
from projects.amr.ops.affinity import pairwise_affinity, path_max
from projects.amr.ops.affinity_labels import affinity_labels
from projects.amr.ops.erasing import erase_peaks
from projects.amr.ops.feature_affinity import feature_affinity
from projects.amr.ops.large_labels import argmax_resized
from projects.amr.ops.pixel_correlation import pixel_correlation
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.random_walk import random_walk
from projects.amr.ops.walk_solvers import SOLVERS

OPERATIONS = {
    'affinity_labels': lambda x: affinity_labels((9 * x).long(), 3),
    'argmax_resized': lambda x: argmax_resized(x, (31, 23), 100),
    'cam_to_label': lambda x: cam_to_label(
        x, torch.tensor([4, 7]), (31, 23), 0.4
    ),
    'climbing': lambda x: climbing_objective(
        x[None, None] - 0.5, x[:1] / 2, torch.zeros_like(x[:1, 0, 0]).long()
    ),
    'climb_step': lambda x: climb_step(
        x[None, None], x[None, None] - 0.5, *value_range(x[None, None])
    ),
    'erase_peaks': lambda x: erase_peaks(
        x[:1, None].expand(1, 3, -1, -1), x[None], x.new_ones(1, 2), 0.5
    ),
    'pixel_correlation': lambda x: pixel_correlation(x[None], x[None], 99),
    'walk_to_scores': lambda x: walk_to_scores(x, x[0], (31, 23), radius=3),
    **{
        f'random_walk_{solver}': lambda x, solver=solver: random_walk(
            x, x[1], radius=3, exp_times=4, solver=solver
        )
        for solver in SOLVERS
    },
}


@pytest.mark.parametrize('name', OPERATIONS)
def test_the_result_is_that_of_the_cpu(name):
    maps = torch.rand(2, 9, 11)
    expected = OPERATIONS[name](maps)
    with PretendedGPU():
        found = OPERATIONS[name](maps.cuda())
        several = isinstance(found, tuple)
        found = found if several else (found,)
        assert {tensor.device for tensor in found} == {GPU}
        found = [tensor.cpu() for tensor in found]
    expected = list(expected) if several else [expected]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('radius', [1, 2, 5])
@pytest.mark.parametrize('op', [path_max, pairwise_affinity, feature_affinity])
def test_gradients_are_those_of_the_cpu(op, radius, monkeypatch):
    monkeypatch.setattr(affinity, 'GPU_BLOCK', 3)  # several, and a rest
    # Few values, so that many are equal: the first of them is meant.
    maps = (torch.rand(2, 1, 7, 9, dtype=torch.float64) * 5).round() / 5
    results = []
    for place in ('cpu', 'cuda'):
        with PretendedGPU():
            leaf = maps.to(place, copy=True).requires_grad_()
            values = op(leaf, radius)
            weight = torch.linspace(
                -1, 2, values.numel(), dtype=torch.float64, device=place
            )
            (values.flatten() * weight).sum().backward()
            assert values.device == leaf.grad.device
            assert values.is_cuda == (place == 'cuda')
            results.append((values.detach().cpu(), leaf.grad.cpu()))
    torch.testing.assert_close(results[1], results[0])


def test_a_boundary_on_another_device_is_named():
    with PretendedGPU(), pytest.raises(ValueError, match='device'):
        random_walk(torch.rand(1, 3, 4).cuda(), torch.rand(3, 4))


@pytest.mark.parametrize('kind', [CAMIoUMetric, MapAgreementMetric])
def test_metrics_of_device_tensors_are_those_of_the_cpu(kind):
    names = ('spotlight', 'compensation')
    samples = [sample(i, maps=names, parts=True) for i in range(3)]
    samples.append(sample(3, classes=(), maps=names, parts=True))

    def scores():
        metric = kind(bg_thr=0.4, parts=('head', 'body'))
        return evaluate([s.to('cpu') for s in samples], metric)

    expected = scores()
    with PretendedGPU():
        moved = [s.to('cuda') for s in samples]
        assert moved[0].pred_cam.spotlight.is_cuda
        metric = kind(bg_thr=0.4, parts=('head', 'body'))
        found = evaluate(moved, metric)
    assert found == pytest.approx(expected, nan_ok=True)
    assert found
