"""Dense CRF: mean field against brute force, and against pydensecrf2.

With exact kernels put in place of the lattice, Q must equal the brute force.
With the lattice, an approximation of the kernels, labels agree; where a
narrow colour kernel leaves an odd pixel without neighbours, single pixels
may differ, and the tests say how many.
"""

import sys

import numpy as np
import pytest
from crf_samples import dense_crf

from projects.amr.ops import dense_crf as module
from projects.amr.ops.dense_crf import (
    CRF_KERNELS,
    DenseCRF,
    MissingBackendError,
    crf_backend,
    unary_from_labels,
    unary_from_softmax,
)

LATTICE = {'backend': 'permutohedral'}
needs_pydensecrf = pytest.mark.skipif(
    crf_backend() != 'pydensecrf',
    reason="pydensecrf2 is not installed: pip install '.[crf]'",
)


def scene(height, width, num_labels, seed=0):
    """Piecewise smooth image, its labels, and labels 20 % of them redrawn."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    labels = np.zeros((height, width), int)
    for k in range(1, num_labels):
        part = k / num_labels
        labels[(rows >= height * part / 1.3) & (columns >= width * part)] = k
    colour = rng.integers(0, 256, (num_labels, 3))[labels]
    image = (colour + rng.normal(0, 4, colour.shape)).clip(0, 255)
    redrawn = rng.integers(0, num_labels, labels.shape)
    noisy = np.where(rng.random(labels.shape) < 0.2, redrawn, labels)
    return image.astype(np.uint8), labels, noisy


def softmax(logits):
    weights = np.exp(logits - logits.max(0))
    return weights / weights.sum(0)


def brute_force(image, unary, num_iters, kernels):
    """Mean field with the full (H * W, H * W) kernels in float64."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    place = np.stack([columns, rows], -1).reshape(-1, 2)
    coupling = 0
    for kernel in kernels.values():
        features = place / kernel['sxy']
        if 'srgb' in kernel:
            colour = image.reshape(-1, 3) / kernel['srgb']
            features = np.concatenate([features, colour], 1)
        gap = features[:, None] - features[None]
        values = np.exp(-0.5 * (gap**2).sum(-1))
        root = values.sum(1) ** -0.5
        coupling = coupling + kernel['compat'] * root[:, None] * values * root
    energy = unary.reshape(len(unary), -1).astype(np.float64)
    marginals = softmax(-energy)
    for _ in range(num_iters):
        marginals = softmax(-energy + marginals @ coupling)
    return marginals.reshape(unary.shape)


class ExactKernel:
    """Stands in for the lattice."""

    def __init__(self, features):
        gap = features[:, None] - features[None]
        self.values = np.exp(-0.5 * (gap**2).sum(-1))
        self.num_points = len(features)

    def filter(self, values):
        return self.values @ values


@pytest.mark.parametrize('name', CRF_KERNELS)
@pytest.mark.parametrize('num_iters', [0, 1, 10])
def test_mean_field_equals_brute_force(monkeypatch, name, num_iters):
    monkeypatch.setattr(module, 'PermutohedralLattice', ExactKernel)
    image, _, noisy = scene(7, 11, 3)
    unary = unary_from_labels(noisy, 3)
    marginals = dense_crf(
        image, unary, num_iters=num_iters, kernels=name, **LATTICE
    )
    expected = brute_force(image, unary, num_iters, CRF_KERNELS[name])
    np.testing.assert_allclose(marginals, expected, atol=1e-5)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(
    ('name', 'least'),
    [('affinitynet', 1), ('irn', 0.995), ('deeplabv2', 0.995)],
)
@pytest.mark.parametrize('size', [(17, 23, 2), (23, 37, 3), (29, 31, 5)])
def test_lattice_labels_as_brute_force(size, name, least, seed):
    image, labels, noisy = scene(*size, seed)
    unary = unary_from_labels(noisy, size[2])
    result = dense_crf(image, unary, kernels=name, **LATTICE)
    expected = brute_force(image, unary, 10, CRF_KERNELS[name])
    same = result.argmax(0) == expected.argmax(0)
    assert same.mean() >= least
    assert np.abs(result - expected).mean() < 0.002
    assert (noisy == labels).mean() < 0.95
    assert (result.argmax(0) == labels).mean() > 0.99


@needs_pydensecrf
@pytest.mark.parametrize('name', CRF_KERNELS)
@pytest.mark.parametrize(
    'size', [(1, 1, 2), (1, 9, 3), (23, 37, 1), (61, 47, 3), (40, 53, 21)]
)
def test_backends_agree(size, name):
    image, _, noisy = scene(*size)
    unary = unary_from_labels(noisy, size[2])
    ours = dense_crf(image, unary, kernels=name, **LATTICE)
    theirs = dense_crf(image, unary, kernels=name, backend='pydensecrf')
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_array_equal(ours.argmax(0), theirs.argmax(0))


@needs_pydensecrf
def test_unary_helpers_as_pydensecrf():
    from pydensecrf import utils

    labels = scene(7, 9, 4)[2]
    theirs = utils.unary_from_labels(labels, 4, 0.6, zero_unsure=False)
    ours = unary_from_labels(labels, 4, 0.6)
    np.testing.assert_allclose(ours.reshape(4, -1), theirs, rtol=1e-6)
    probs = softmax(np.random.default_rng(0).normal(0, 9, (4, 7, 9)))
    theirs = utils.unary_from_softmax(probs)
    np.testing.assert_allclose(
        unary_from_softmax(probs).reshape(4, -1), theirs, rtol=1e-5, atol=1e-6
    )


BACKENDS = [
    'permutohedral',
    pytest.param('pydensecrf', marks=needs_pydensecrf),
]


@pytest.mark.parametrize('backend', BACKENDS)
class TestBothBackends:
    def test_zero_weight_gives_softmax(self, backend, monkeypatch):
        image, _, noisy = scene(9, 13, 3)
        unary = unary_from_labels(noisy, 3)
        off = {
            'gaussian': {'sxy': 3, 'compat': 0},
            'bilateral': {'sxy': 50, 'srgb': 5, 'compat': 0},
        }
        monkeypatch.setitem(CRF_KERNELS, 'off', off)
        result = dense_crf(image, unary, kernels='off', backend=backend)
        np.testing.assert_allclose(result, softmax(-unary), atol=1e-6)

    @pytest.mark.parametrize('size', [(1, 1), (1, 8), (5, 1), (23, 37)])
    @pytest.mark.parametrize('num_labels', [1, 2, 21])
    def test_sizes(self, backend, size, num_labels):
        image, _, noisy = scene(*size, num_labels)
        unary = unary_from_labels(noisy, num_labels)
        result = dense_crf(image, unary, backend=backend)
        assert result.shape == (num_labels, *size)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)

    def test_reuse_equals_fresh(self, backend):
        """One object, two unaries of other label counts, then the first."""
        image, _, noisy = scene(19, 23, 4)
        crf = DenseCRF(image, backend=backend)
        assert crf.backend == backend
        first = unary_from_labels(noisy, 4)
        second = unary_from_labels(noisy // 2, 2)
        for unary in (first, second, first):
            fresh = dense_crf(image, unary, backend=backend)
            np.testing.assert_array_equal(crf.infer(unary), fresh)

    def test_several_at_once_equal_each_alone(self, backend):
        image, _, noisy = scene(19, 23, 4)
        maps = np.stack([noisy, noisy // 2, np.zeros_like(noisy)])
        unaries = unary_from_labels(maps, 4)
        crf = DenseCRF(image, backend=backend)
        together = crf.infer(unaries)
        for unary, result in zip(unaries, together, strict=True):
            np.testing.assert_allclose(result, crf.infer(unary), atol=1e-6)
        one = crf.infer(unaries[:1])
        np.testing.assert_array_equal(one[0], crf.infer(unaries[0]))


def test_unary_from_labels_values():
    unary = unary_from_labels(np.array([[0, 2]]), 3, gt_prob=0.8)
    probs = np.array([[[0.8, 0.1]], [[0.1, 0.1]], [[0.1, 0.8]]])
    np.testing.assert_allclose(np.exp(-unary), probs, rtol=1e-6)


def test_unary_from_softmax_values():
    probs = np.array([1.0, 0.25, 0.0]).reshape(3, 1, 1)
    unary = unary_from_softmax(probs).ravel()
    np.testing.assert_allclose(unary, -np.log([1, 0.25, 1e-5]), rtol=1e-6)


def test_unary_of_a_rounded_probability_is_not_negative():
    assert unary_from_softmax(np.full((1, 1, 1), 1.00005)).min() == 0


def test_large_unaries_do_not_overflow():
    image, labels, _ = scene(5, 6, 3)
    unary = np.where(np.arange(3)[:, None, None] == labels, -1e4, 1e4)
    for backend in ('permutohedral', crf_backend()):
        marginals = DenseCRF(image, backend=backend).infer(unary)
        np.testing.assert_array_equal(marginals.argmax(0), labels)
        np.testing.assert_allclose(marginals.max(0), 1)


def test_missing_backend(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf.densecrf', None)
    assert crf_backend() == 'permutohedral'
    image = np.zeros((3, 4, 3), np.uint8)
    assert DenseCRF(image).backend == 'permutohedral'
    with pytest.raises(ImportError, match=r'\[crf\].*permutohedral'):
        DenseCRF(image, backend='pydensecrf')
    assert MissingBackendError.exit_code == 4
