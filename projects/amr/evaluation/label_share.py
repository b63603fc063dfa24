"""Warnings about label maps that hold next to nothing."""

from collections.abc import Sequence

import numpy as np

from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
)

FEW = 0.001
"""Share of pixels with a class below which label maps are nearly empty."""


def count_labels(labels: np.ndarray) -> np.ndarray:
    """Pixels of a label map (H, W), uint8, by label: int64 (256,)."""
    return np.bincount(labels.ravel(), minlength=IGNORE_LABEL + 1)


def label_notes(
    counts: np.ndarray, classes: Sequence[str], what: str
) -> list[str]:
    """Say that ``what``, maps of these counts, holds hardly any class.

    At most one line; none where classes have a share of at least ``FEW``.

    Example:
        >>> label_notes(np.array([9, 0]), ('background', 'dog'), 'masks')
        ['masks are background only: no pixel of dog']
    """
    counts = np.asarray(counts)[: len(classes)]
    total, found = counts.sum(), counts[BACKGROUND_LABEL + 1 :].sum()
    if not total:
        return [f'{what} have no labelled pixel: all are 255']
    if not found:
        names = ', '.join(classes[1:][:10])
        more = f' and {len(classes) - 11} more' if len(classes) > 11 else ''
        return [f'{what} are background only: no pixel of {names}{more}']
    if found < FEW * total:
        share = 100 * found / total
        return [f'{what} are background but for {share:.3f} % of their pixels']
    return []
