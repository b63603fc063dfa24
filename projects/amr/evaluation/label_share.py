"""What label maps hold, where that is next to nothing."""

from collections.abc import Sequence

import numpy as np

from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
)

FEW = 0.001
"""Share of pixels with a class below which label maps are nearly empty."""


def count_labels(labels: np.ndarray) -> np.ndarray:
    """Pixels of a label map by label.

    Args:
        labels (np.ndarray): Shape (H, W), uint8.

    Returns:
        np.ndarray: Shape (256,), int64.
    """
    return np.bincount(labels.ravel(), minlength=IGNORE_LABEL + 1)


def label_notes(
    counts: np.ndarray, classes: Sequence[str], what: str
) -> list[str]:
    """Say that label maps hold no class, or hardly any, or lack some.

    Args:
        counts (np.ndarray): Pixels by label, of all images together; what is
            beyond the classes, such as 255, is left out.
        classes (Sequence[str]): Names by label, background first.
        what (str): What the maps are, such as ``'predictions'``.

    Returns:
        list[str]: At most one line; none where all classes occur.

    Example:
        >>> label_notes(np.array([9, 0]), ('background', 'dog'), 'masks')
        ['masks are background only: no pixel of dog']
    """
    counts = np.asarray(counts)[: len(classes)]
    total, found = counts.sum(), counts[BACKGROUND_LABEL + 1 :]
    absent = [n for n, c in zip(classes[1:], found, strict=True) if not c]
    lacking = f'no pixel of {", ".join(absent[:10])}'
    if len(absent) > 10:
        lacking += f' and {len(absent) - 10} more'
    if not found.any():
        if not total:
            return [f'{what} have no labelled pixel: all are 255']
        return [f'{what} are background only: {lacking}']
    notes = []
    if found.sum() < FEW * total:
        share = 100 * found.sum() / total
        notes.append(f'{what} are background but for {share:.3f} % of pixels')
    if absent:
        notes.append(f'{what} have {lacking}')
    return ['; '.join(notes)] if notes else []
