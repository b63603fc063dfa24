"""Boundary labels from seeds, with which BES trains its boundary network.

"Boundary Exploration Based Segmentation" (BES, ECCV 2020), as released: no
supervision is needed beyond the seeds.

Shape legend: (H, W) size of the image.
"""

import numpy as np
import torch
import torch.nn.functional as F

from projects.amr.ops.checks import require
from projects.amr.structures.label_space import BACKGROUND_LABEL, IGNORE_LABEL

INTERIOR_BACKGROUND, INTERIOR_OBJECT, BOUNDARY = 0, 1, 2


def boundary_labels(
    seed: np.ndarray,
    *,
    window: int = 13,
    share: float = 0.3,
    difference: float = 0.1,
) -> np.ndarray:
    """Tell interior from boundary by what a window around each pixel holds.

    With p0 the background's share of the window, p1 >= p2 the two largest
    shares of classes, s ``share`` and d ``difference``, a pixel is

    - interior background, where p0 > 2 s and p0 - p1 >= 2 d;
    - interior object, where p1 > 2 s and p1 - p0 >= 2 d;
    - boundary, where min(p0, p1) > s and abs(p0 - p1) < d (of object and
      background), or p2 > s and p1 - p2 < d (of two objects);
    - else ignored.

    Pixels of 255 count in the window's area and in no share; what is past
    the image's edge does not count.

    Args:
        seed (np.ndarray): Segmentation labels, 255 not confident, uint8,
            shape (H, W): :func:`~projects.amr.ops.seeds.confident_seed`, for
            which BES takes thresholds 0.30 and 0.07.
        window (int): Side in pixels, odd. The released value is for images
            of VOC's size: scale it with yours. Defaults to 13.
        share (float): Positive. Defaults to 0.3.
        difference (float): Positive. Defaults to 0.1.

    Returns:
        np.ndarray: Uint8, shape (H, W): 0 interior background, 1 interior
        object, 2 boundary, 255 ignored.

    Example:
        >>> seed = np.array([[0, 0, 0, 4, 4, 4, 255]], np.uint8)
        >>> boundary_labels(seed, window=5)
        array([[  0,   0, 255, 255, 255,   1,   1]], dtype=uint8)
        >>> boundary_labels(seed, window=5, difference=0.3)
        array([[  0, 255,   2,   2, 255,   1,   1]], dtype=uint8)
    """
    seed = np.asarray(seed)
    fits = seed.dtype == np.uint8 and seed.ndim == 2
    require(fits, 'seed', (seed.dtype, seed.shape), 'uint8 (H, W)')
    require(window > 0 and window % 2, 'window', window, 'odd and positive')
    require(share > 0, 'share', share, 'positive')
    require(difference > 0, 'difference', difference, 'positive')
    p0, p1, p2 = _shares(seed, window)
    result = np.full(seed.shape, IGNORE_LABEL, np.uint8)
    result[(p0 > 2 * share) & (p0 - p1 >= 2 * difference)] = (
        INTERIOR_BACKGROUND
    )
    result[(p1 > 2 * share) & (p1 - p0 >= 2 * difference)] = INTERIOR_OBJECT
    outline = (np.minimum(p0, p1) > share) & (np.abs(p0 - p1) < difference)
    result[outline | ((p2 > share) & (p1 - p2 < difference))] = BOUNDARY
    return result


def _shares(seed: np.ndarray, window: int) -> np.ndarray:
    """Shares (3, H, W): of the background and of the two largest classes."""
    known = np.setdiff1d(seed, [BACKGROUND_LABEL, IGNORE_LABEL])
    # Two labels that no pixel has: p1 and p2 exist without classes too.
    order = np.array([BACKGROUND_LABEL, *known, 256, 256])
    one_hot = torch.from_numpy(seed == order[:, None, None])
    shares = F.avg_pool2d(
        one_hot.double(), window, 1, window // 2, count_include_pad=False
    ).numpy()
    classes = np.sort(shares[1:], axis=0)
    return np.stack([shares[0], classes[-1], classes[-2]])
