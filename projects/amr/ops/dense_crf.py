r"""Fully connected CRF over the pixels of an image, by mean field.

"Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials"
(Kraehenbuehl and Koltun, NIPS 2011): a Potts model whose two Gaussian
kernels connect every pixel with every other,

.. math::
    k(i, j) = w_1 \exp\left(-\tfrac{|p_i - p_j|^2}{2 s_{xy}^2}\right)
    + w_2 \exp\left(-\tfrac{|p_i - p_j|^2}{2 s_{xy}^2}
    - \tfrac{|I_i - I_j|^2}{2 s_{rgb}^2}\right)

each normalised on both sides by the roots of its row sums. Two backends do
the same computation: the built-in permutohedral lattice (numpy and scipy)
and the compiled ``pydensecrf2``, an optional extra. On 40 photographs,
with the three sets of kernels below, their Q differed by 6e-5 at most. Both
approximate the kernels: against exact ones single pixels may differ.

Shape legend: B unaries of one image, L labels, (H, W) the image, P = H * W
its pixels. ``unary`` is -log p, shape (L, H, W) or (B, L, H, W); Q, the
marginals, has the same shape, is in [0, 1] and sums to 1 over L.
"""

import importlib

import numpy as np

from projects.amr.errors import UserError
from projects.amr.ops.checks import require
from projects.amr.ops.permutohedral import PermutohedralLattice

CRF_KERNELS = {
    'irn': {  # cleans the seeds (label-CRF)
        'gaussian': {'sxy': 3, 'compat': 3},
        'bilateral': {'sxy': 50, 'srgb': 5, 'compat': 10},
    },
    'affinitynet': {  # makes labels from CAMs
        'gaussian': {'sxy': 3, 'compat': 3},
        'bilateral': {'sxy': 80, 'srgb': 13, 'compat': 10},
    },
    'deeplabv2': {  # post-processes the softmax
        'gaussian': {'sxy': 1, 'compat': 3},
        'bilateral': {'sxy': 67, 'srgb': 3, 'compat': 4},
    },
}
"""Kernels of the methods: ``sxy`` is a standard deviation in pixels, ``srgb``
one in grey levels of 0-255, ``compat`` a weight."""


class MissingBackendError(UserError, ImportError):
    """The compiled CRF is asked for and not installed."""

    exit_code = 4


class DenseCRF:
    """The dense CRF of one image, ready for any number of unaries.

    The kernels depend on the image alone, and building them is two fifths of
    the work with the built-in backend (375 x 500, 3 labels, 10 iterations).
    There, two unaries at once take hardly longer than one: IRN's foreground
    and background seeds should share one object and one call.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        kernels (str): Entry of ``CRF_KERNELS``. Defaults to 'irn'.
        backend (str): ``'permutohedral'``, ``'pydensecrf'``, or ``'auto'``:
            :func:`crf_backend`. Defaults to 'auto'.

    Attributes:
        backend (str): The backend in use, never ``'auto'``.

    Raises:
        ValueError: If ``backend`` is unknown.
        MissingBackendError: If ``'pydensecrf'`` is not installed.

    Example:
        >>> image = np.zeros((4, 5, 3), np.uint8)
        >>> image[:, 3:] = 200
        >>> noisy = (image[..., 0] > 0).astype(int)
        >>> noisy[1, 1] = 1
        >>> unary = unary_from_labels(noisy, 2)
        >>> DenseCRF(image).infer(unary).argmax(0)[1]
        array([0, 0, 0, 1, 1])
    """

    def __init__(
        self,
        image: np.ndarray,
        *,
        kernels: str = 'irn',
        backend: str = 'auto',
    ):
        self.backend = _resolve_backend(backend)
        solver = _LatticeSolver
        if self.backend == 'pydensecrf':
            solver = _PydensecrfSolver
        self._solver = solver(image, **CRF_KERNELS[kernels])

    def infer(self, unary: np.ndarray, *, num_iters: int = 10) -> np.ndarray:
        """Q of -log p ((B,) L, H, W) by mean field, Algorithm 1 of the paper.

        An offset common to a pixel's labels does not matter; 0 iterations give
        ``softmax(-unary)``.
        """
        unary = np.asarray(unary, np.float32)
        num_labels, height, width = unary.shape[-3:]
        marginals = self._solver.run(
            unary.reshape(-1, num_labels, height * width), num_iters
        )
        return marginals.reshape(unary.shape)


def crf_backend() -> str:
    """Backend of ``'auto'`` here: 'pydensecrf' if it can be imported.

    Else 'permutohedral'.
    """
    try:
        importlib.import_module('pydensecrf.densecrf')
    except ImportError:
        return 'permutohedral'
    return 'pydensecrf'


def _resolve_backend(backend: str) -> str:
    """Replace 'auto' and refuse what is unknown or not installed."""
    known = ('auto', 'permutohedral', 'pydensecrf')
    require(backend in known, 'backend', backend, f'one of {known}')
    if backend == 'pydensecrf' and crf_backend() != backend:
        raise MissingBackendError(
            "`backend='pydensecrf'` needs the optional package pydensecrf2: "
            "pip install '.[crf]' (or pip install pydensecrf2; both "
            'need a C++ compiler), or use the built-in `backend='
            "'permutohedral'`, which gives the same result"
        )
    return crf_backend() if backend == 'auto' else backend


class _LatticeSolver:
    """Mean field with the kernels on permutohedral lattices."""

    def __init__(self, image, gaussian, bilateral):
        self._kernels = []
        for kernel in (gaussian, bilateral):
            lattice = PermutohedralLattice(pixel_features(image, **kernel))
            # The kernel's row sums; their roots normalise it on both sides.
            sums = lattice.filter(np.ones(lattice.num_points))
            scale = np.sqrt(np.float32(kernel['compat']) / sums)
            self._kernels.append((lattice, scale))

    def run(self, unary: np.ndarray, num_iters: int) -> np.ndarray:
        """Q (B, L, P) of unaries (B, L, P), float32."""
        marginals = _softmax(-unary)
        num_points = unary.shape[-1]
        for _ in range(num_iters):
            logits = -unary
            for lattice, scale in self._kernels:
                # All in one: eight channels take as long as three.
                channels = (marginals * scale).reshape(-1, num_points).T
                message = lattice.filter(channels).T.reshape(unary.shape)
                # D^-1/2 K D^-1/2 Q: scaled before and after the filter.
                logits += message * scale
            marginals = _softmax(logits)
        return marginals


class _PydensecrfSolver:
    """Mean field with the compiled library."""

    def __init__(self, image, gaussian, bilateral):
        # As the library demands.
        self._image = np.require(image, np.uint8, requirements='CW')
        self._gaussian, self._bilateral = gaussian, bilateral
        self._crf, self._num_labels = None, 0

    def _build(self, num_labels: int):
        """Make the library's CRF; it fixes the number of labels."""
        densecrf = importlib.import_module('pydensecrf.densecrf')
        height, width = self._image.shape[:2]
        crf = densecrf.DenseCRF2D(width, height, num_labels)
        crf.addPairwiseGaussian(**self._gaussian)
        crf.addPairwiseBilateral(rgbim=self._image, **self._bilateral)
        self._num_labels, self._crf = num_labels, crf

    def run(self, unary: np.ndarray, num_iters: int) -> np.ndarray:
        """Q (B, L, P) of unaries (B, L, P), float32."""
        if self._num_labels != unary.shape[1]:
            self._build(unary.shape[1])
        marginals = np.empty_like(unary)
        for own, result in zip(unary, marginals, strict=True):
            self._crf.setUnaryEnergy(np.require(own, requirements='CW'))
            result[:] = self._crf.inference(num_iters)
        return marginals


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the labels of (B, L, P)."""
    # Less the largest, so that no exponential overflows.
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def pixel_features(image, sxy, srgb=None, **_) -> np.ndarray:
    """Pixel features in units of the kernel's widths, (P, 2 or 5)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    position = np.stack([columns, rows], axis=-1).reshape(-1, 2) / sxy
    if srgb is None:
        return position
    return np.concatenate([position, image.reshape(-1, 3) / srgb], axis=1)


def unary_from_labels(
    labels: np.ndarray, num_labels: int, gt_prob: float = 0.7
) -> np.ndarray:
    """Unary ((B,) L, H, W) of labels ((B,) H, W), right with a probability.

    As pydensecrf's function of this name with ``zero_unsure=False``: a
    pixel's own label costs -log(gt_prob), each other one
    -log((1 - gt_prob) / (L - 1)).

    Raises:
        ValueError: If an argument breaks its rule.
    """
    require(0 < gt_prob < 1, 'gt_prob', gt_prob, 'in (0, 1)')
    low, high = labels.min(), labels.max()
    rule = f'in [0, {num_labels})'
    require(low >= 0 and high < num_labels, 'labels', (low, high), rule)
    # The rest of the probability is shared by the other labels.
    other = (1 - gt_prob) / max(num_labels - 1, 1)
    own = labels[..., None, :, :] == np.arange(num_labels)[:, None, None]
    return np.where(own, -np.log(gt_prob), -np.log(other)).astype(np.float32)


def unary_from_softmax(probs: np.ndarray) -> np.ndarray:
    """Unary -log p, float32, of probabilities in [0, 1].

    They are at least 1e-5, as pydensecrf's.
    """
    probs = np.asarray(probs, np.float32)
    low, high = probs.min(), probs.max()
    require(low >= 0 and high <= 1 + 1e-4, 'probs', (low, high), 'in [0, 1]')
    return -np.log(probs.clip(1e-5, 1))
