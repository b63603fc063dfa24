"""The climb's arithmetic against loops written out in numpy."""

import numpy as np
import pytest
import torch

from projects.amr.ops.adversarial_climbing import (
    climb_step,
    climbing_objective,
    discriminative_change,
    value_range,
)

CLASSES = torch.tensor([2, 0])


def random_cam(views=2):
    """Maps (V, M, K, h, w) of two items, four classes, 5 x 7 positions."""
    return torch.randn(views, 2, 4, 5, 7, dtype=torch.float64)


def objective_by_loops(cam, initial, weight, thr, reduction, rectify):
    """The objective of one item at a time, value by value."""
    cam, initial = cam.numpy(), initial.numpy()
    totals = []
    for item, target in enumerate(CLASSES.tolist()):
        total = 0.0
        for view in cam[:, item]:
            for k, own in enumerate(view):
                logit = np.maximum(own, 0).mean() if rectify else own.mean()
                total += logit if k == target else -logit
        merged = np.maximum(cam[0, item, target], 0)
        if len(cam) == 2:
            merged = merged + np.maximum(cam[1, item, target], 0)[:, ::-1]
        change = 0.0
        for (y, x), value in np.ndenumerate(merged):
            if value / merged.max() > thr:
                change += abs(value - initial[item, y, x])
        if reduction == 'mean':
            change /= merged.size
        totals.append(total - weight * change)
    return torch.tensor(totals)


@pytest.mark.parametrize('views', [1, 2])
@pytest.mark.parametrize('rectify', [False, True])
@pytest.mark.parametrize('reduction', ['mean', 'sum'])
def test_objective_equals_loops(views, rectify, reduction):
    cam, initial = random_cam(views), random_cam(1)[0, :, 0].relu()
    for weight, thr in ((7.0, 0.5), (0.3, 0.2)):
        got = climbing_objective(
            cam, initial, CLASSES, weight, thr, reduction, rectify
        )
        want = objective_by_loops(
            cam, initial, weight, thr, reduction, rectify
        )
        torch.testing.assert_close(got, want)


def test_objective_has_the_gradient_of_finite_differences():
    cam = random_cam().requires_grad_()
    initial = random_cam(1)[0, :, 0].relu()
    assert torch.autograd.gradcheck(
        lambda x: climbing_objective(x, initial, CLASSES, 7.0, 0.5), cam
    )


def test_mask_holds_only_what_is_high():
    cam = torch.tensor([[[10.0, 5.0], [4.9, 0.0]]])
    start = torch.zeros(1, 2, 2)

    def held(thr):
        return discriminative_change(cam, start, thr, 'sum').item()

    assert held(0.5) == pytest.approx(10.0)  # above, not at, the threshold
    assert held(0.49) == pytest.approx(19.9 - 4.9)
    assert held(0.0) == pytest.approx(19.9)
    assert held(1.0) == 0.0
    assert discriminative_change(cam, start, 0.5).item() == 2.5


def test_an_empty_map_holds_nothing():
    zeros = torch.zeros(2, 3, 3)
    assert discriminative_change(zeros, zeros + 1, 0.5).tolist() == [0, 0]


def test_step_moves_the_steepest_value_by_its_size():
    views = torch.rand(2, 3, 3, 4, 5)
    gradient = torch.randn_like(views)
    gradient[:, 1] *= 1e-9
    gradient[:, 2] = 0
    wide = (torch.tensor(-9.0), torch.tensor(9.0))
    moved = climb_step(views, gradient, *wide, step_size=0.3) - views
    largest = moved.abs().amax((0, 2, 3, 4))
    torch.testing.assert_close(largest, torch.tensor([0.3, 0.3, 0.0]))
    torch.testing.assert_close(
        moved[:, 0], 0.3 * gradient[:, 0] / gradient[:, 0].abs().max()
    )


def test_range_is_that_of_an_item_in_all_its_views():
    views = torch.rand(2, 3, 3, 4, 5)
    low, high = value_range(views)
    assert low.shape == high.shape == (1, 3, 1, 1, 1)
    for item in range(3):
        assert low[0, item] == views[:, item].min()
        assert high[0, item] == views[:, item].max()


def test_step_keeps_each_item_in_its_own_range():
    views = torch.stack([torch.rand(2, 3, 4, 5), 5 + torch.rand(2, 3, 4, 5)])
    views = views.transpose(0, 1)
    low, high = value_range(views)
    moved = climb_step(views, torch.randn_like(views), low, high, 10.0)
    for item in range(2):
        assert moved[:, item].min() == views[:, item].min()
        assert moved[:, item].max() == views[:, item].max()
