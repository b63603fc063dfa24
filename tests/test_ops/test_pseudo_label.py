"""The recipe from CAM and boundary to scores, against its parts."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.random_walk import random_walk

SIZE = (45, 67)


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    cam = torch.rand(3, 6, 9, generator=generator)
    boundary = torch.rand(12, 17, generator=generator) ** 2
    return cam, boundary


def enlarge(maps, size):
    return interpolate(
        maps[None], size=size, mode='bilinear', align_corners=False
    )[0]


@pytest.mark.parametrize('first', [0, 1, 2])
def test_equals_the_steps_one_by_one(maps, first):
    cam, boundary = maps
    cam = cam.roll(first, 0)  # each class has the greatest value once
    seeds = enlarge(cam, boundary.shape) ** 1.5
    walked = random_walk(
        seeds, boundary, radius=3, beta=4.0, exp_times=3, solver='dense'
    )
    expected = enlarge(walked, SIZE).numpy()
    scores = walk_to_scores(
        cam,
        boundary,
        SIZE,
        cam_power=1.5,
        radius=3,
        beta=4.0,
        exp_times=3,
    )
    assert scores.dtype == torch.float32
    expected = expected / expected.max()
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('size', [(45, 67), (48, 68), (46, 65), (50, 70)])
def test_maps_are_enlarged_by_the_stride_and_cut(maps, size):
    """By the formula of bilinear enlargement, and of one scale."""
    got = walk_to_scores(*maps, size, enlarge_by=4, exp_times=2)
    small = walk_to_scores(*maps, (12, 17), exp_times=2).numpy()
    resized = walk_to_scores(*maps, size, exp_times=2)
    if size == (50, 70):  # 12 x 17 maps, enlarged, do not cover it
        assert torch.equal(got, resized)
        return
    wants, founds = [], []
    for y, x in [(0, 0), (size[0] - 1, size[1] - 1), (21, 34), (40, 3)]:
        (y0, y1, v), (x0, x1, u) = (
            neighbours(p, n) for p, n in ((y, 12), (x, 17))
        )
        want = (1 - v) * ((1 - u) * small[:, y0, x0] + u * small[:, y0, x1])
        want += v * ((1 - u) * small[:, y1, x0] + u * small[:, y1, x1])
        wants.append(want)
        founds.append(got[:, y, x])
    wants, founds = np.array(wants), np.array(founds)
    np.testing.assert_allclose(
        founds / founds.max(), wants / wants.max(), rtol=1e-5, atol=1e-7
    )
    same = torch.allclose(got, resized, atol=1e-6)
    assert same == (size == (48, 68))  # where 4 divides both sides


def neighbours(pixel, count):
    """Two of ``count`` values at stride 4, and the weight of the second."""
    position = min(max((pixel + 0.5) / 4 - 0.5, 0), count - 1)
    first = int(position)
    return first, min(first + 1, count - 1), position - first


def test_no_class_and_no_activation_give_zeros(maps):
    cam, boundary = maps
    assert walk_to_scores(cam[:0], boundary, SIZE).shape == (0, *SIZE)
    scores = walk_to_scores(torch.zeros_like(cam), boundary, SIZE)
    assert scores.shape == (3, *SIZE)
    assert not scores.any()
