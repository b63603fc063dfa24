import math

import numpy as np
import pytest
import torch

from projects.amr.ops import walk_solvers
from projects.amr.ops.path_index import half_disc_offsets
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
    # Two degrees less would leave out more than half the tolerance.
    chances = [math.comb(256, j) / 2**256 for j in range(257)]
    beyond = [
        sum(c for j, c in enumerate(chances) if abs(256 - 2 * j) > degree)
        for degree in (78, 80)
    ]
    assert beyond[0] > 0.5e-6 >= beyond[1]


def test_error_stays_within_its_bound(monkeypatch):
    offsets = half_disc_offsets(5)
    generator = torch.Generator().manual_seed(0)
    affinity = torch.rand(len(offsets), 12, 15, generator=generator)
    step = transition_matrix(affinity, offsets, 4.0)
    start = torch.zeros(180, 3, dtype=torch.float64)
    start[7, 0], start[:, 1] = 1, torch.linspace(0, 1, 180)
    start[::2, 2], start[1::2, 2] = 1, -1  # a map of both signs
    exact = walk_columns(start, step, 8, solver='dense')
    weight = step.degree[:, None]
    mean = (weight * start.abs()).sum(0) / weight.sum()
    for tolerance in (1e-1, 1e-3, 1e-6):
        monkeypatch.setattr(walk_solvers, 'TOLERANCE', tolerance)
        walked = walk_columns(start, step, 8, solver='chebyshev')
        assert ((walked - exact).abs().amax(0) <= tolerance * mean).all()


def test_amplification_of_empty_single_and_flat_maps():
    degree = torch.full((100,), 9.0, dtype=torch.float64)
    start = torch.zeros(100, 1, dtype=torch.float64)
    assert error_amplification(start, degree) == 1
    start[3] = 5
    # |c|_d = 15, mean = 5 / 100, sqrt(min d) = 3
    assert error_amplification(start, degree) == pytest.approx(100)
    start[:] = 2
    assert error_amplification(start, degree) == pytest.approx(10)
