import math

import numpy as np
import pytest
import torch

from projects.amr.ops import walk_solvers
from projects.amr.ops.transition import transition_matrix
from projects.amr.ops.walk_solvers import (
    chebyshev_weights,
    error_amplification,
    walk_columns,
)


@pytest.mark.parametrize('num_steps', [1, 2, 3, 7, 8, 64, 256, 1024])
@pytest.mark.parametrize('tolerance', [1e-2, 1e-6, 1e-11])
def test_series_is_within_its_tolerance(num_steps, tolerance):
    weights = chebyshev_weights(num_steps, tolerance)
    x = np.cos(np.linspace(0, np.pi, 4001))
    series = np.polynomial.chebyshev.chebval(x, weights)
    assert np.abs(series - x**num_steps).max() <= tolerance + 1e-13
    assert series[0] == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize('num_steps', [1, 4, 9, 16, 30])
def test_full_series_has_binomial_weights(num_steps):
    weights = chebyshev_weights(num_steps, 1e-15)
    for k, weight in enumerate(weights):
        chance = 0.0
        if (num_steps - k) % 2 == 0:
            ends = math.comb(num_steps, (num_steps - k) // 2)
            chance = ends * (2 if k else 1) / 2**num_steps
        assert weight == pytest.approx(chance, abs=1e-14)


def test_degree_is_the_smallest_and_grows_like_a_root():
    degrees = [len(chebyshev_weights(4**n, 1e-6)) - 1 for n in (4, 5, 6, 7)]
    assert degrees[0] == 80
    ratios = np.divide(degrees[1:], degrees[:-1])
    assert np.all(np.abs(ratios - 2) < 0.1)


@pytest.mark.parametrize(
    ('num_steps', 'tolerance'), [(256, 1e-6), (128, 1e-3), (512, 0.3)]
)
def test_two_degrees_less_leave_out_more_than_half(num_steps, tolerance):
    degree = len(chebyshev_weights(num_steps, tolerance)) - 1
    chances = [
        math.comb(num_steps, j) / 2**num_steps for j in range(num_steps + 1)
    ]
    before, after = (
        sum(c for j, c in enumerate(chances) if abs(num_steps - 2 * j) > own)
        for own in (degree - 2, degree)
    )
    assert before > tolerance / 2 >= after


def test_error_stays_within_its_bound(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    affinity = torch.rand(34, 12, 15, generator=generator)
    step = transition_matrix(affinity, 5, 4.0)
    start = torch.full((180, 4), 0.3, dtype=torch.float64)
    start[:, 0] = 0
    start[7, 0], start[:, 1] = 1, torch.linspace(0, 1, 180)
    start[::2, 2], start[1::2, 2] = 1, -1  # a map of both signs
    exact = walk_columns(start, step, 8, solver='dense')
    weight = step.degree[:, None]
    mean = (weight * start.abs()).sum(0) / weight.sum()
    for tolerance in (1e-1, 1e-3, 1e-6):
        monkeypatch.setattr(walk_solvers, 'TOLERANCE', tolerance)
        walked = walk_columns(start, step, 8, solver='chebyshev')
        assert ((walked - exact).abs().amax(0) <= tolerance * mean).all()
        assert torch.equal(walked[:, 3], start[:, 3])


@pytest.mark.parametrize(
    ('size', 'classes', 'exp_times', 'want'),
    [
        # 9 pixels, 49 entries: 8 * 9 ** 3 against 80 * 49 a class.
        ((3, 3), 1, 8, '_walk_chebyshev'),
        ((3, 3), 2, 8, '_walk_dense'),
        ((9, 9), 2, 8, '_walk_chebyshev'),
        ((9, 9), 2, 3, '_walk_sparse'),
        ((3, 3), 1, 0, '_walk_dense'),  # one step is the matrix itself
        ((33, 33), 1, 0, '_walk_sparse'),  # too many pixels to be dense
    ],
)
def test_auto_takes_the_one_with_the_least_to_do(
    monkeypatch, size, classes, exp_times, want
):
    step = transition_matrix(torch.ones(4, *size), 2, 1.0)
    taken = []
    for name in ('_walk_dense', '_walk_sparse', '_walk_chebyshev'):
        monkeypatch.setattr(
            walk_solvers, name, lambda *_, name=name: taken.append(name)
        )
    start = torch.ones(size[0] * size[1], 1, dtype=torch.float64)
    walk_columns(start.expand(-1, classes), step, exp_times)
    assert taken == [want]


def test_amplification_of_empty_single_and_flat_maps():
    degree = torch.full((100,), 9.0, dtype=torch.float64)
    start = torch.zeros(100, 1, dtype=torch.float64)
    assert error_amplification(start, degree) == 1
    start[3] = 5
    # |c|_d = 15, mean = 5 / 100, sqrt(min d) = 3
    assert error_amplification(start, degree) == pytest.approx(100)
    start[:] = 2
    assert error_amplification(start, degree) == pytest.approx(10)


def test_amplification_by_unequal_degrees():
    degree = torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64)
    start = torch.tensor([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0]]).double()
    # sqrt(1 + 16) / (9 / 14), and 9 / (27 / 14); the least degree is 1.
    assert error_amplification(start, degree) == pytest.approx(
        max(17**0.5 * 14 / 9, 9 * 14 / 27)
    )
