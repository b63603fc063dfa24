"""How doubtful an image's labels are, without a true mask.

Every doubt is in [0, 1], 1 the most doubtful.
"""

from collections.abc import Iterable

import numpy as np

from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
    class_to_label,
)


def disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """One minus the mean IoU of two label maps over their classes.

    Pixels that are 255 in either do not count, nor does the background's
    IoU, which is high wherever objects are small.

    Args:
        first (np.ndarray): Shape (H, W), labels.
        second (np.ndarray): Shape (H, W), labels.

    Returns:
        float: 0 for equal maps and where both are background alone, 1 where
        no class overlaps.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> a = np.array([[0, 1, 1, 1]])
        >>> b = np.array([[0, 1, 255, 2]])
        >>> disagreement(a, b)
        0.75
    """
    if first.shape != second.shape:
        raise ValueError(
            f'label maps of shapes {first.shape} and {second.shape}'
        )
    known = (first != IGNORE_LABEL) & (second != IGNORE_LABEL)
    first, second = first[known], second[known]
    labels = np.union1d(first, second)
    ious = [
        ((first == k) & (second == k)).sum()
        / ((first == k) | (second == k)).sum()
        for k in labels[labels != BACKGROUND_LABEL]
    ]
    return float(1 - np.mean(ious)) if ious else 0.0


def missing_labels(labels: np.ndarray, classes: Iterable[int]) -> float:
    """Share of an image's weak labels that have no pixel.

    Args:
        labels (np.ndarray): Shape (H, W), labels.
        classes (Iterable[int]): Class indices of the weak label, from 0.

    Returns:
        float: The share; 0 for an image without a label.

    Example:
        >>> missing_labels(np.array([[0, 1]]), [0, 3])
        0.5
    """
    wanted = [class_to_label(index) for index in classes]
    lost = [label for label in wanted if not (labels == label).any()]
    return len(lost) / len(wanted) if wanted else 0.0
