import numpy as np
import pytest
import torch
from pixel_pairs import brute_path_max, dense_step

from projects.amr.ops.path_index import half_disc_offsets
from projects.amr.ops.random_walk import (
    check_walk,
    random_walk,
    walk_with_affinity,
)

SPARSE_SOLVERS = ['sparse', 'chebyshev', 'auto']


def make_boundary(kind, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    boundary = torch.rand(size, generator=generator, dtype=torch.float64)
    if kind == 'random':
        return boundary
    if kind == 'smooth':
        y = torch.linspace(0, 6, height, dtype=torch.float64)[:, None]
        x = torch.linspace(0, 9, width, dtype=torch.float64)
        return (y.sin() * x.cos()) ** 2 * 0.4
    if kind == 'walls':
        boundary *= 0.1
        boundary[height // 2] = 1
        boundary[:, width // 3] = 1
        return boundary
    return torch.full(size, float(kind), dtype=torch.float64)


def make_cam(num_classes, size, seed=1):
    """One broad map, then sparser ones; the last has a single pixel."""
    generator = torch.Generator().manual_seed(seed)
    shape = (num_classes, *size)
    cam = torch.rand(shape, generator=generator, dtype=torch.float64)
    for k in range(1, num_classes):
        cam[k] = cam[k] ** (4 * k)
    if num_classes > 1:
        cam[-1] = 0
        cam[-1, size[0] // 4, size[1] // 4] = 1
    return cam


def relative_error(walked, expected):
    """Largest error of each map over its own maximum, the worst of them."""
    error = (walked - expected).abs().amax((1, 2))
    return float((error / expected.amax((1, 2)).clamp(min=1e-300)).max())


@pytest.mark.parametrize('size', [(1, 1), (1, 6), (6, 1), (5, 7)])
@pytest.mark.parametrize('radius', [1, 2, 5])
@pytest.mark.parametrize('exp_times', [0, 3, 8])
def test_dense_equals_numpy_matrix_power(size, radius, exp_times):
    cam, boundary = make_cam(3, size), make_boundary('random', size)
    affinity = 1 - brute_path_max(boundary, radius)
    matrix, _ = dense_step(affinity, radius, beta=3.0)
    power = np.linalg.matrix_power(matrix.numpy(), 2**exp_times)
    start = (cam * (1 - boundary)).flatten(1).numpy()
    # T is the transpose: the walk is cam T^n.
    expected = torch.from_numpy(start @ power.T).view_as(cam)
    walked = random_walk(
        cam,
        boundary,
        radius=radius,
        beta=3.0,
        exp_times=exp_times,
        solver='dense',
    )
    torch.testing.assert_close(walked, expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize('solver', SPARSE_SOLVERS)
@pytest.mark.parametrize('radius', [1, 2, 3, 4, 5])
@pytest.mark.parametrize('exp_times', [0, 1, 4, 8, 10])
@pytest.mark.parametrize('kind', ['random', 'smooth', 'walls'])
def test_solvers_agree_with_dense(solver, radius, exp_times, kind):
    size = (7, 11)
    boundary = make_boundary(kind, size)
    for num_classes in (1, 5):
        cam = make_cam(num_classes, size)
        settings = dict(radius=radius, exp_times=exp_times)
        expected = random_walk(cam, boundary, solver='dense', **settings)
        walked = random_walk(cam, boundary, solver=solver, **settings)
        assert walked.dtype == torch.float64
        assert relative_error(walked, expected) < 2e-6


def test_chebyshev_agrees_with_sparse_at_64_by_64_and_many_steps():
    cam, boundary = make_cam(5, (64, 64)), make_boundary('smooth', (64, 64))
    for exp_times in (8, 10):
        by_steps, by_terms = (
            random_walk(cam, boundary, exp_times=exp_times, solver=solver)
            for solver in ('sparse', 'chebyshev')
        )
        assert relative_error(by_terms, by_steps) < 2e-6


@pytest.mark.parametrize('solver', ['dense', *SPARSE_SOLVERS])
def test_nothing_crosses_a_closed_wall(solver):
    boundary = torch.zeros(9, 12)
    boundary[2:7, 3], boundary[2:7, 8] = 1, 1
    boundary[2, 3:9], boundary[6, 3:9] = 1, 1
    cam = torch.zeros(1, 9, 12)
    cam[0, 4, 5] = 1
    walked = random_walk(cam, boundary, exp_times=10, solver=solver)[0]
    inside = torch.zeros(9, 12, dtype=torch.bool)
    inside[3:6, 4:8] = True
    assert not walked[~inside].any()
    # It spreads evenly over the 12 pixels inside: all reach all the others
    # through a path free of boundary, in proportion to the degrees.
    assert walked[inside].min() > 0
    torch.testing.assert_close(
        walked[inside].max(), walked[inside].min(), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize('solver', ['dense', *SPARSE_SOLVERS])
def test_no_boundary_ends_in_the_mean_weighted_by_degree(solver):
    cam, boundary = make_cam(3, (6, 5)), make_boundary('0', (6, 5))
    offsets = half_disc_offsets(3)
    full = torch.ones(len(offsets), 6, 5)
    walked = walk_with_affinity(cam, full, 3, exp_times=10, solver=solver)
    # Number of partners inside the map, and the pixel itself.
    degree = torch.ones(6, 5, dtype=torch.float64)
    for y in range(6):
        for x in range(5):
            for dy, dx in [*offsets, *((-a, -b) for a, b in offsets)]:
                degree[y, x] += 0 <= y + dy < 6 and 0 <= x + dx < 5
    mean = (cam * degree).sum((1, 2), keepdim=True) / degree.sum()
    torch.testing.assert_close(walked, mean.expand_as(cam), rtol=2e-6, atol=0)
    same = random_walk(cam, boundary, radius=3, exp_times=10, solver=solver)
    torch.testing.assert_close(same, walked, rtol=2e-6, atol=0)


@pytest.mark.parametrize('solver', ['dense', *SPARSE_SOLVERS])
def test_constant_map_stays_constant(solver):
    """Each column of T sums to 1: a constant row vector is unchanged."""
    generator = torch.Generator().manual_seed(2)
    affinity = torch.rand(22, 7, 9, generator=generator)
    cam = torch.full((1, 7, 9), 0.3, dtype=torch.float64)
    walked = walk_with_affinity(cam, affinity, 4, solver=solver)
    torch.testing.assert_close(walked, cam, rtol=1e-12, atol=0)
    boundary = make_boundary('random', (7, 9))
    flattened = cam / (1 - boundary)  # the walk multiplies it back
    walked = random_walk(flattened, boundary, solver=solver)
    torch.testing.assert_close(walked, cam, rtol=1e-12, atol=0)


def test_result_stays_between_least_and_largest():
    cam, boundary = make_cam(5, (20, 21)), make_boundary('smooth', (20, 21))
    start = cam * (1 - boundary)
    walked = random_walk(cam, boundary, solver='chebyshev')
    assert (walked >= start.amin((1, 2), keepdim=True)).all()
    assert (walked <= start.amax((1, 2), keepdim=True)).all()


def test_dtypes_and_no_classes():
    boundary = torch.rand(5, 6)
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        cam = torch.rand(2, 5, 6, requires_grad=True).to(dtype)
        walked = random_walk(cam, boundary)
        assert walked.dtype == torch.float32
        assert not walked.requires_grad
    for solver in ('dense', *SPARSE_SOLVERS):
        none = random_walk(torch.rand(0, 5, 6), boundary, solver=solver)
        assert none.shape == (0, 5, 6)


NAN = float('nan')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(cam=torch.rand(5, 6)), r'`cam` must be .*\(K, H, W\)'),
        (dict(boundary=torch.rand(1, 5, 6)), '`boundary` must be .*H, W'),
        (dict(boundary=torch.rand(5, 7)), '`cam` and `boundary` must have'),
        (dict(boundary=torch.full((5, 6), 1.5)), r'`boundary` .*\[0, 1\]'),
        (dict(boundary=torch.full((5, 6), -0.1)), r'`boundary` .*\[0, 1\]'),
        (dict(boundary=torch.full((5, 6), NAN)), '`boundary` .*nan, nan'),
        (dict(cam=torch.full((1, 5, 6), NAN)), '`cam` must be finite'),
        (dict(radius=0), '`radius` must be at least 1, got 0'),
        (dict(beta=0.0), '`beta` must be positive and finite, got 0.0'),
        (dict(beta=float('inf')), '`beta` must be .* got inf'),
        (dict(exp_times=-1), '`exp_times` must be .* got -1'),
        (dict(exp_times=256), '`exp_times` must be .* got 256'),
        (dict(exp_times=1.5), '`exp_times` must be an int .* got 1.5'),
        (dict(solver='exact'), "`solver` must be one of .* got 'exact'"),
    ],
)
def test_wrong_input(changes, message):
    settings = dict(cam=torch.rand(2, 5, 6), boundary=torch.rand(5, 6))
    with pytest.raises(ValueError, match=message):
        random_walk(**{**settings, **changes})
    if not changes.keys() & settings.keys():
        with pytest.raises(ValueError, match=message):
            check_walk(**changes)


def test_wrong_types():
    with pytest.raises(TypeError, match='cam'):
        random_walk(torch.ones(1, 2, 3, dtype=torch.int64), torch.rand(2, 3))
    with pytest.raises(TypeError, match='boundary'):
        random_walk(torch.ones(1, 2, 3), np.zeros((2, 3)))
