"""Votes of segments: class-agnostic masks take the labels below them.

Rule of SEPL (arXiv:2305.05803) for masks of a promptable segmentor, changed
where it depends on the order of files.

Shape legend: (H, W) the image.
"""

from collections.abc import Iterable

import numpy as np

from projects.amr.ops.checks import require
from projects.amr.structures.label_space import BACKGROUND_LABEL, IGNORE_LABEL


def segment_votes(
    labels: np.ndarray,
    masks: Iterable[np.ndarray],
    *,
    min_share: float = 0.5,
    min_cover: float = 0.85,
    fill_ignored: bool = False,
) -> np.ndarray:
    """Give each mask the class that most of its pixels have.

    Pixels of 255 have no vote. A mask takes a class of which it holds more
    than ``min_share`` of its own area, or at least ``min_cover`` of the
    class's pixels in the image; of several, the one with the most pixels,
    then the smaller label. Else it takes the background, where that holds
    more than ``min_share`` of it; else it changes nothing. Large masks are
    written first, so that small ones lie on top; the result does not depend
    on the order of the masks.

    Released code: goes through classes by index, gives a mask to the first
    that fits, follows the order of the folder, and turns 255 into 0.

    Args:
        labels (np.ndarray): Segmentation labels, uint8, shape (H, W).
        masks (Iterable[np.ndarray]): Each bool, shape (H, W); they may
            overlap. They are read one by one.
        min_share (float): In [0, 1). Defaults to 0.5.
        min_cover (float): In (0, 1]. Defaults to 0.85.
        fill_ignored (bool): Whether masks also label pixels of 255; else
            those stay. Defaults to False.

    Returns:
        np.ndarray: Labels, uint8, shape (H, W).

    Raises:
        ValueError: If a size or an argument breaks its rule.

    Example:
        >>> labels = np.array([[0, 3, 3, 255, 0]], np.uint8)
        >>> mask = np.array([[1, 1, 1, 1, 0]], bool)
        >>> segment_votes(labels, [mask])
        array([[  3,   3,   3, 255,   0]], dtype=uint8)
    """
    labels = np.asarray(labels)
    fits = labels.dtype == np.uint8 and labels.ndim == 2
    require(fits, 'labels', (labels.dtype, labels.shape), 'uint8 (H, W)')
    require(0 <= min_share < 1, 'min_share', min_share, 'in [0, 1)')
    require(0 < min_cover <= 1, 'min_cover', min_cover, 'in (0, 1]')
    totals = np.bincount(labels.ravel(), minlength=256)
    votes = []
    for mask in masks:
        mask = np.asarray(mask, bool)
        rule = f'{labels.shape} as `labels`'
        require(mask.shape == labels.shape, 'masks', mask.shape, rule)
        winner = _winner(labels[mask], totals, min_share, min_cover)
        if winner is not None:
            # Packed to an eighth: images of many pixels have many masks.
            bits = np.packbits(mask).tobytes()
            votes.append((-int(mask.sum()), bits, winner))
    return _paint(labels, sorted(votes), fill_ignored)


def _winner(inside, totals, min_share: float, min_cover: float) -> int | None:
    """Label that a mask takes, None if it has no say."""
    counts = np.bincount(inside, minlength=256)
    fits = counts > min_share * len(inside)
    fits |= (counts > 0) & (counts >= min_cover * totals)
    fits[[BACKGROUND_LABEL, IGNORE_LABEL]] = False
    if fits.any():
        return int(np.where(fits, counts, 0).argmax())
    if counts[BACKGROUND_LABEL] > min_share * len(inside):
        return BACKGROUND_LABEL
    return None


def _paint(labels, votes: list, fill_ignored: bool) -> np.ndarray:
    """Write the masks in their order."""
    result = labels.copy()
    open_pixels = fill_ignored | (labels != IGNORE_LABEL)
    for _, bits, winner in votes:
        packed = np.frombuffer(bits, np.uint8)
        mask = np.unpackbits(packed, count=labels.size).astype(bool)
        result[mask.reshape(labels.shape) & open_pixels] = winner
    return result
