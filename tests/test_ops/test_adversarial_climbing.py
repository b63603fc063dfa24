"""The climb's arithmetic against loops written out in numpy."""

import numpy as np
import pytest
import torch

from projects.amr.ops import (
    class_margin,
    climb_step,
    climbing_objective,
    discriminative_change,
    merge_flip,
    merge_views,
    pool_logits,
    select_class,
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


def test_items_do_not_see_each_other():
    cam, initial = random_cam(), random_cam(1)[0, :, 0].relu()
    both = climbing_objective(cam, initial, CLASSES)
    cam[:, 1] *= 100
    first = climbing_objective(cam, initial, CLASSES)
    assert first[0] == both[0]
    assert first[1] != both[1]


def test_margin_of_one_class_is_its_logit():
    logits = torch.tensor([[[3.0]], [[4.0]]])
    assert class_margin(logits, torch.tensor([0])).tolist() == [7.0]


def test_margin_changes_sign_with_the_target():
    logits = torch.randn(2, 2, 2)
    first = class_margin(logits, torch.tensor([0, 0]))
    second = class_margin(logits, torch.tensor([1, 1]))
    torch.testing.assert_close(first, -second)


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


def test_mask_gives_no_gradient_outside():
    cam = torch.tensor([[[10.0, 4.0]]], requires_grad=True)
    discriminative_change(cam, torch.zeros(1, 1, 2), 0.5, 'sum').backward()
    assert cam.grad.tolist() == [[[1.0, 0.0]]]


def test_an_empty_map_holds_nothing():
    zeros = torch.zeros(2, 3, 3)
    assert discriminative_change(zeros, zeros + 1, 0.5).tolist() == [0, 0]


def test_views_are_merged_as_everywhere_else():
    maps = torch.randn(2, 3, 5, 7)
    want = merge_flip(maps.flatten(0, 1)[:, None].relu())[:, 0]
    assert torch.equal(merge_views(maps), want)
    assert torch.equal(merge_views(maps[:1]), maps[0].relu())


def test_selected_maps_are_those_of_the_classes():
    cam = random_cam()
    got = select_class(cam, CLASSES)
    for view in range(2):
        for item, target in enumerate(CLASSES.tolist()):
            assert torch.equal(got[view, item], cam[view, item, target])


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


def test_step_keeps_each_item_in_its_own_range():
    views = torch.stack([torch.rand(2, 3, 4, 5), 5 + torch.rand(2, 3, 4, 5)])
    views = views.transpose(0, 1)
    low, high = value_range(views)
    moved = climb_step(views, torch.randn_like(views), low, high, 10.0)
    for item in range(2):
        assert moved[:, item].min() == views[:, item].min()
        assert moved[:, item].max() == views[:, item].max()


def test_range_is_that_of_all_views_and_channels_of_an_item():
    views = torch.zeros(2, 2, 3, 4, 5)
    views[0, 0, 0, 1, 2], views[1, 0, 2, 3, 4] = 5.0, -3.0
    views[1, 1, 1, 0, 0] = 2.0
    low, high = value_range(views)
    assert low.shape == high.shape == (1, 2, 1, 1, 1)
    assert low.flatten().tolist() == [-3, 0]
    assert high.flatten().tolist() == [5, 2]


def test_step_raises_a_linear_objective_by_its_closed_form():
    """For y = a . x the gain of a step is s |a|^2 / max|a|."""
    a, views = torch.randn(2, 1, 1, 3, 4, 5, dtype=torch.float64)
    wide = (torch.tensor(-99.0), torch.tensor(99.0))
    moved = climb_step(views, a, *wide, step_size=0.08)
    gain = (a * (moved - views)).sum()
    torch.testing.assert_close(gain, 0.08 * a.square().sum() / a.abs().max())


def test_objective_without_weight_is_the_margin():
    cam, initial = random_cam(), torch.zeros(2, 5, 7, dtype=torch.float64)
    got = climbing_objective(cam, initial, CLASSES, ad_weight=0.0)
    want = class_margin(pool_logits(cam), CLASSES)
    torch.testing.assert_close(got, want)
