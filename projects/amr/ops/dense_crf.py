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

Shape legend: L labels, (H, W) the image. ``unary`` is -log p, shape (L, H,
W); Q, the marginals, has the same shape, is in [0, 1] and sums to 1 over L.
"""

import importlib

import numpy as np

from projects.amr.errors import UserError
from projects.amr.ops.crf_solvers import LatticeSolver, PydensecrfSolver
from projects.amr.ops.crf_unary import unary_from_labels, unary_from_softmax

__all__ = [
    'CRF_KERNELS',
    'DenseCRF',
    'MissingBackendError',
    'crf_backend',
    'crf_with_labels',
    'dense_crf',
    'unary_from_labels',
    'unary_from_softmax',
]

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
"""Kernels of the methods: ``dense_crf(..., **CRF_KERNELS['deeplabv2'])``."""


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
        gaussian (dict | None): The first kernel: ``sxy`` (standard deviation
            in pixels) and ``compat`` (weight); None leaves it out. Defaults
            to those of ``CRF_KERNELS['irn']``.
        bilateral (dict | None): The second kernel: ``sxy``, ``srgb``
            (standard deviation in grey levels of 0-255) and ``compat``; None
            leaves it out. Defaults to those of ``CRF_KERNELS['irn']``.
        backend (str): ``'permutohedral'``, ``'pydensecrf'``, or ``'auto'``:
            :func:`crf_backend`. Defaults to 'auto'.

    Attributes:
        backend (str): The backend in use, never ``'auto'``.

    Raises:
        TypeError: If ``image`` is not uint8.
        ValueError: If an argument breaks its rule.
        MissingBackendError: If ``'pydensecrf'`` is not installed.
    """

    def __init__(
        self,
        image: np.ndarray,
        *,
        gaussian: dict | None = CRF_KERNELS['irn']['gaussian'],
        bilateral: dict | None = CRF_KERNELS['irn']['bilateral'],
        backend: str = 'auto',
    ):
        self._image = _check_image(image)
        _check_kernel('gaussian', gaussian, ('sxy',))
        _check_kernel('bilateral', bilateral, ('sxy', 'srgb'))
        self.backend = _resolve_backend(backend)
        solver = LatticeSolver
        if self.backend == 'pydensecrf':
            solver = PydensecrfSolver
        self._solver = solver(self._image, gaussian, bilateral)

    def infer(self, unary: np.ndarray, *, num_iters: int = 10) -> np.ndarray:
        """Run mean-field iterations, Algorithm 1 of the paper.

        Args:
            unary (np.ndarray): Negative log-probabilities, finite, shape (L,
                H, W) or, several at once, (B, L, H, W); an offset common to
                a pixel's labels does not matter.
            num_iters (int): 0 gives ``softmax(-unary)``. Defaults to 10.

        Returns:
            np.ndarray: Q, float32, the shape of ``unary``.

        Raises:
            ValueError: If an argument breaks its rule.
        """
        unary = _check_unary(unary, self._image.shape[:2])
        if num_iters < 0:
            raise ValueError(
                f'`num_iters` must not be negative, got {num_iters}'
            )
        num_labels, height, width = unary.shape[-3:]
        marginals = self._solver.run(
            unary.reshape(-1, num_labels, height * width), num_iters
        )
        return marginals.reshape(unary.shape)

    def refine_labels(
        self,
        labels: np.ndarray,
        num_labels: int,
        *,
        gt_prob: float = 0.7,
        num_iters: int = 10,
    ) -> np.ndarray:
        """Clean a label map (IRN's label-CRF).

        Args:
            labels (np.ndarray): Integers in [0, num_labels), shape (H, W) or
                (B, H, W).
            num_labels (int): L.
            gt_prob (float): See :func:`unary_from_labels`. Defaults to 0.7.
            num_iters (int): Mean-field iterations. Defaults to 10.

        Returns:
            np.ndarray: The most probable labels, dtype and shape of
            ``labels``.
        """
        unary = unary_from_labels(labels, num_labels, gt_prob)
        best = self.infer(unary, num_iters=num_iters).argmax(-3)
        return best.astype(np.asarray(labels).dtype)


def dense_crf(
    image: np.ndarray, unary: np.ndarray, *, num_iters: int = 10, **kernels
) -> np.ndarray:
    """Marginals of the dense CRF, for one unary of one image.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        unary (np.ndarray): Negative log-probabilities, shape (L, H, W).
        num_iters (int): Mean-field iterations. Defaults to 10.
        **kernels: ``gaussian``, ``bilateral`` and ``backend`` of
            :class:`DenseCRF`.

    Returns:
        np.ndarray: Q, float32, shape (L, H, W), sums to 1 over L.

    Example:
        >>> image = np.zeros((4, 5, 3), np.uint8)
        >>> image[:, 3:] = 200
        >>> noisy = (image[..., 0] > 0).astype(int)
        >>> noisy[1, 1] = 1
        >>> dense_crf(image, unary_from_labels(noisy, 2)).argmax(0)[1]
        array([0, 0, 0, 1, 1])
    """
    return DenseCRF(image, **kernels).infer(unary, num_iters=num_iters)


def crf_with_labels(
    image: np.ndarray,
    labels: np.ndarray,
    num_labels: int,
    *,
    gt_prob: float = 0.7,
    num_iters: int = 10,
    **kernels,
) -> np.ndarray:
    """Clean one label map of one image: see :meth:`DenseCRF.refine_labels`.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        labels (np.ndarray): Integers in [0, num_labels), shape (H, W).
        num_labels (int): L.
        gt_prob (float): Probability that a label is right. Defaults to 0.7.
        num_iters (int): Mean-field iterations. Defaults to 10.
        **kernels: ``gaussian``, ``bilateral`` and ``backend`` of
            :class:`DenseCRF`.

    Returns:
        np.ndarray: The cleaned labels, dtype and shape of ``labels``.
    """
    return DenseCRF(image, **kernels).refine_labels(
        labels, num_labels, gt_prob=gt_prob, num_iters=num_iters
    )


def crf_backend() -> str:
    """Name the backend that ``'auto'`` uses here.

    Returns:
        str: 'pydensecrf' where it can be imported, else 'permutohedral'.
    """
    try:
        importlib.import_module('pydensecrf.densecrf')
    except ImportError:
        return 'permutohedral'
    return 'pydensecrf'


def _resolve_backend(backend: str) -> str:
    """Replace 'auto' and refuse what is unknown or not installed."""
    known = ('auto', 'permutohedral', 'pydensecrf')
    if backend not in known:
        raise ValueError(f'`backend` must be one of {known}, got {backend!r}')
    if backend == 'pydensecrf' and crf_backend() != backend:
        raise MissingBackendError(
            "`backend='pydensecrf'` needs the optional package pydensecrf2: "
            "pip install 'amr-mmseg[crf]' (or pip install pydensecrf2; both "
            'need a C++ compiler), or use the built-in `backend='
            "'permutohedral'`, which gives the same result"
        )
    return crf_backend() if backend == 'auto' else backend


def _check_image(image: np.ndarray) -> np.ndarray:
    """Refuse what is not an RGB image of uint8."""
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise TypeError(f'`image` must be uint8, got {image.dtype}')
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f'`image` must be (H, W, 3), got {image.shape}')
    return np.require(image, requirements='CW')  # as pydensecrf demands


def _check_kernel(name: str, kernel: dict | None, widths: tuple) -> None:
    """Refuse a kernel with other keys or with values out of range."""
    if kernel is None:
        return
    expected = sorted((*widths, 'compat'))
    if sorted(kernel) != expected:
        raise ValueError(
            f'`{name}` must have the keys {expected}, got {sorted(kernel)}'
        )
    if not (min(kernel[key] for key in widths) > 0 <= kernel['compat']):
        raise ValueError(
            f'`{name}` must have positive {" and ".join(widths)} and a '
            f'`compat` of at least 0, got {kernel}'
        )


def _check_unary(unary: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Refuse a unary of another size than the image, or not finite."""
    unary = np.asarray(unary, np.float32)
    if unary.ndim not in (3, 4) or unary.shape[-2:] != size or not unary.size:
        raise ValueError(
            f'`unary` must be (L, {size[0]}, {size[1]}), L at least 1, or '
            f'several of them, got {unary.shape}'
        )
    if not np.isfinite(unary).all():
        raise ValueError('`unary` must be finite, got NaN or infinity')
    return unary
