"""Mean field of the dense CRF: the two backends of ``dense_crf.py``.

A solver is made of one image and its kernels, which :class:`DenseCRF` has
checked, and runs on any number of unaries.

Shape legend: B unaries, L labels, P = H * W pixels of the image.
"""

import importlib

import numpy as np

from projects.amr.ops.permutohedral import PermutohedralLattice


class LatticeSolver:
    """Mean field with the kernels on permutohedral lattices.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        gaussian (dict | None): As of :class:`DenseCRF`.
        bilateral (dict | None): As of :class:`DenseCRF`.
    """

    def __init__(self, image, gaussian, bilateral):
        self._kernels = []
        for kernel in (gaussian, bilateral):
            if kernel is None:
                continue
            lattice = PermutohedralLattice(_features(image, **kernel))
            # The kernel's row sums; their roots normalise it on both sides.
            sums = lattice.filter(np.ones(lattice.num_points))
            scale = np.sqrt(np.float32(kernel['compat']) / sums)
            self._kernels.append((lattice, scale))

    def run(self, unary: np.ndarray, num_iters: int) -> np.ndarray:
        """Run mean-field iterations.

        Args:
            unary (np.ndarray): Float32, shape (B, L, P).
            num_iters (int): At least 0.

        Returns:
            np.ndarray: Q, float32, shape (B, L, P).
        """
        marginals = _softmax(-unary)
        num_points = unary.shape[-1]
        for _ in range(num_iters):
            logits = -unary
            for lattice, scale in self._kernels:
                # All in one: eight channels take as long as three.
                channels = (marginals * scale).reshape(-1, num_points).T
                message = lattice.filter(channels).T.reshape(unary.shape)
                logits += message * scale
            marginals = _softmax(logits)
        return marginals


class PydensecrfSolver:
    """The same with the compiled library.

    Args:
        image (np.ndarray): As of :class:`LatticeSolver`, contiguous.
        gaussian (dict | None): As of :class:`DenseCRF`.
        bilateral (dict | None): As of :class:`DenseCRF`.
    """

    def __init__(self, image, gaussian, bilateral):
        self._image, self._crf, self._num_labels = image, None, 0
        self._gaussian, self._bilateral = gaussian, bilateral

    def _build(self, num_labels: int):
        """Make the library's CRF; it fixes the number of labels."""
        densecrf = importlib.import_module('pydensecrf.densecrf')
        height, width = self._image.shape[:2]
        crf = densecrf.DenseCRF2D(width, height, num_labels)
        if self._gaussian is not None:
            crf.addPairwiseGaussian(**self._gaussian)
        if self._bilateral is not None:
            crf.addPairwiseBilateral(rgbim=self._image, **self._bilateral)
        self._num_labels, self._crf = num_labels, crf

    def run(self, unary: np.ndarray, num_iters: int) -> np.ndarray:
        """Run mean-field iterations.

        Args:
            unary (np.ndarray): Float32, shape (B, L, P).
            num_iters (int): At least 0.

        Returns:
            np.ndarray: Q, float32, shape (B, L, P).
        """
        if self._num_labels != unary.shape[1]:
            self._build(unary.shape[1])
        marginals = np.empty_like(unary)
        for own, result in zip(unary, marginals, strict=True):
            self._crf.setUnaryEnergy(np.require(own, requirements='CW'))
            result[:] = self._crf.inference(num_iters)
        return marginals


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the labels of (B, L, P)."""
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def _features(image, sxy, srgb=None, **_) -> np.ndarray:
    """Pixel features in units of the kernel's widths, (P, 2 or 5)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    position = np.stack([columns, rows], axis=-1).reshape(-1, 2) / sxy
    if srgb is None:
        return position
    return np.concatenate([position, image.reshape(-1, 3) / srgb], axis=1)
