"""Permutohedral lattice: closed form in 1-D, brute-force Gaussians beyond.

The lattice approximates the Gaussian filter. Stated tolerance, on well
filled clouds of points: relative L2 error of the sums, after the common
factor is taken out, below 0.05.
"""

import numpy as np
import pytest

from projects.amr.ops import permutohedral
from projects.amr.ops.permutohedral import PermutohedralLattice


def cloud(num_points, dim, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return spread * rng.normal(size=(num_points, dim))


def gaussian_kernel(features):
    gap = features[:, None] - features[None]
    return np.exp(-0.5 * (gap**2).sum(-1))


def test_one_dimension_closed_form():
    """In 1-D it is hat functions on a grid, blurred twice by (1/2, 1, 1/2)."""
    features = np.linspace(0, 9, 301)
    values = np.random.default_rng(0).random(301)
    position = features * np.sqrt(4 / 3)
    grid = np.arange(np.floor(position[0]), np.ceil(position[-1]) + 1)
    hats = np.clip(1 - np.abs(position[:, None] - grid), 0, None)
    on_grid = hats.T @ values
    for _ in range(2):
        on_grid = np.convolve(on_grid, [0.5, 1, 0.5], mode='same')
    expected = hats @ on_grid / 1.5
    result = PermutohedralLattice(features[:, None]).filter(values)
    np.testing.assert_allclose(result, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ('dim', 'spread'), [(1, 1.0), (2, 1.0), (3, 1.0), (5, 0.5)]
)
def test_filter_close_to_brute_force(dim, spread):
    features = cloud(1500, dim, spread)
    values = np.random.default_rng(1).random((1500, 3))
    exact = gaussian_kernel(features) @ values
    result = PermutohedralLattice(features).filter(values)
    factor = (result * exact).sum() / (exact**2).sum()
    error = np.linalg.norm(result / factor - exact) / np.linalg.norm(exact)
    assert error < 0.05
    assert 0.5 < factor < 1


def test_normalised_filter_close_to_brute_force_on_an_image():
    """Symmetric normalisation, position and colour: the CRF's use of it."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:23, :37]
    grey = np.where(columns > 18, 200, 40)[..., None]
    colour = (grey + rng.normal(0, 4, (23, 37, 3))).clip(0, 255)
    features = np.concatenate(
        [np.stack([columns, rows], -1) / 50, colour.round() / 5], -1
    ).reshape(-1, 5)
    values = rng.random((len(features), 2))

    kernel = gaussian_kernel(features)
    root = kernel.sum(1, keepdims=True) ** -0.5
    exact = root * (kernel @ (root * values))
    lattice = PermutohedralLattice(features)
    root = lattice.filter(np.ones((len(features), 1))) ** -0.5
    result = root * lattice.filter(root * values)
    error = np.linalg.norm(result - exact) / np.linalg.norm(exact)
    assert error < 0.05


def test_simplex_vertices_reproduce_the_point():
    """Barycentric coordinates: the weighted vertices give the point back."""
    elevated = permutohedral._elevate(cloud(97, 5, 4.0).astype(np.float32))
    np.testing.assert_allclose(elevated.sum(0), 0, atol=1e-4)
    origin, rank, weights = permutohedral._enclosing_simplex(elevated)
    assert (origin.sum(0) == 0).all()
    assert (np.sort(rank, axis=0) == np.arange(6)[:, None]).all()
    total = np.zeros_like(elevated)
    for remainder in range(6):
        vertex = origin + remainder - 6 * (rank > 5 - remainder)
        assert (vertex.sum(0) == 0).all()
        assert (vertex % 6 == remainder).all()
        total += weights[:, remainder] * vertex
    np.testing.assert_allclose(total, elevated, atol=1e-4)


def test_linear_and_channelwise():
    lattice = PermutohedralLattice(cloud(99, 3))
    values = np.random.default_rng(2).normal(size=(99, 4))
    result = lattice.filter(values)
    assert result.shape == (99, 4)
    assert result.dtype == np.float32
    for channel in range(4):
        single = lattice.filter(values[:, channel])
        np.testing.assert_allclose(result[:, channel], single, atol=1e-5)
    mixed = lattice.filter(values[:, 0] - 2 * values[:, 1])
    np.testing.assert_allclose(
        mixed, result[:, 0] - 2 * result[:, 1], atol=1e-4
    )


def test_far_points_do_not_mix():
    features = np.array([[0.0, 0.0], [30.0, -30.0]])
    result = PermutohedralLattice(features).filter(np.array([1.0, 0.0]))
    assert result[0] > 0
    assert result[1] == 0


def test_block_of_four_is_filled_with_points_at_zero():
    """As densecrf does; the places hold no mass, but their vertices count."""
    points = np.array([[1.0, 0.5], [0.5, 1.5], [-0.5, 1.0]])
    values = np.array([1.0, 2.0, 4.0])
    three = PermutohedralLattice(points)
    four = PermutohedralLattice(np.pad(points, ((0, 1), (0, 0))))
    assert three.num_vertices == four.num_vertices
    np.testing.assert_allclose(
        three.filter(values), four.filter(np.append(values, 0))[:3], rtol=1e-6
    )


def test_random_codes_give_the_same_lattice(monkeypatch):
    """Codes beyond 64 bits: the random multipliers change nothing."""
    features, values = cloud(400, 4), np.arange(400.0)
    exact = PermutohedralLattice(features)
    radix = permutohedral._radix
    monkeypatch.setattr(
        permutohedral, '_radix', lambda spans: radix([2**40] * len(spans))
    )
    hashed = PermutohedralLattice(features)
    assert hashed.num_vertices == exact.num_vertices
    np.testing.assert_allclose(
        hashed.filter(values), exact.filter(values), rtol=1e-5
    )


def test_many_dimensions():
    """20 dimensions need the random codes; two clusters stay apart."""
    features = np.repeat([[0.0] * 20, [20.0] * 20], 8, axis=0)
    lattice = PermutohedralLattice(features)
    result = lattice.filter(np.repeat([1.0, 3.0], 8))
    mean = result / lattice.filter(np.ones(16))
    np.testing.assert_allclose(mean, np.repeat([1.0, 3.0], 8), rtol=1e-5)


@pytest.mark.parametrize(
    'features',
    [
        np.full((5, 2), np.nan),
        np.full((5, 2), 1e9),
        np.full((5, 5), 2**17),  # coordinates past 2 ** 22
    ],
)
def test_bad_features(features):
    with pytest.raises(ValueError, match='features'):
        PermutohedralLattice(features)
