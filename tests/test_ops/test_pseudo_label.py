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
@pytest.mark.parametrize('normalize', ['global', 'class', None])
def test_equals_the_steps_one_by_one(maps, normalize, first):
    cam, boundary = maps
    cam = cam.roll(first, 0)  # each class has the greatest value once
    seeds = enlarge(cam, boundary.shape) ** 1.5
    walked = random_walk(
        seeds, boundary, radius=3, beta=4.0, exp_times=3, solver='dense'
    )
    expected = enlarge(walked, SIZE).numpy()
    if normalize == 'global':
        expected = expected / expected.max()
    if normalize == 'class':
        expected = np.stack([m / m.max() for m in expected])
    scores = walk_to_scores(
        cam,
        boundary,
        SIZE,
        cam_power=1.5,
        radius=3,
        beta=4.0,
        exp_times=3,
        normalize=normalize,
    )
    assert scores.dtype == torch.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)
    if normalize:
        assert scores.max() == 1


@pytest.mark.parametrize(
    'changes',
    [
        {'cam_power': 2.0},
        {'radius': 2},
        {'beta': 5.0},
        {'exp_times': 2},
        {'normalize': 'class'},
        {'normalize': None},
    ],
)
def test_every_argument_matters(maps, changes):
    before = walk_to_scores(*maps, SIZE)
    after = walk_to_scores(*maps, SIZE, **changes)
    assert (before - after).abs().max() > 1e-3


@pytest.mark.parametrize('solver', ['dense', 'sparse', 'chebyshev'])
def test_solver_does_not_matter(maps, solver):
    torch.testing.assert_close(
        walk_to_scores(*maps, SIZE, solver=solver),
        walk_to_scores(*maps, SIZE),
        rtol=1e-4,
        atol=1e-5,
    )


def test_no_class_and_no_activation_give_zeros(maps):
    cam, boundary = maps
    assert walk_to_scores(cam[:0], boundary, SIZE).shape == (0, *SIZE)
    for normalize in ('global', 'class', None):
        scores = walk_to_scores(
            torch.zeros_like(cam), boundary, SIZE, normalize=normalize
        )
        assert scores.shape == (3, *SIZE)
        assert not scores.any()


def test_nothing_crosses_a_wall():
    cam = torch.zeros(1, 8, 12)
    cam[..., :3] = 1
    boundary = torch.zeros(8, 12)
    boundary[:, 6] = 1
    scores = walk_to_scores(cam, boundary, (8, 12), radius=3)
    assert scores[..., :6].min() > 0.5
    assert scores[..., 6:].max() == 0


@pytest.mark.parametrize(
    'changes',
    [{'cam_power': 0}, {'normalize': 'max'}, {'solver': 'x'}, {'radius': 0}],
)
def test_broken_rules_are_refused(maps, changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        walk_to_scores(*maps, SIZE, **changes)
    with pytest.raises(ValueError, match='boundary'):
        walk_to_scores(maps[0], maps[1][None], SIZE)
