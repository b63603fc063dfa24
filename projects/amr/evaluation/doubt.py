"""Doubt about an image's labels, without a true mask.

Every doubt is in [0, 1], 1 the most doubtful.
"""

from collections.abc import Iterable

import numpy as np

from projects.amr.structures.label_space import IGNORE_LABEL, class_to_label


def disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the pixels in which two label maps differ.

    Pixels that are 255 in either do not count. A share of pixels, and not one
    minus IoU: what a person's mask repairs is counted in pixels by mIoU over
    a data set (figures: tools/README.md, "Which masks to correct first").

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> disagreement(np.array([[0, 1, 1]]), np.array([[0, 2, 255]]))
        0.5
    """
    if first.shape != second.shape:
        raise ValueError(
            f'label maps of shapes {first.shape} and {second.shape}'
        )
    known = (first != IGNORE_LABEL) & (second != IGNORE_LABEL)
    return float((first != second)[known].mean()) if known.any() else 0.0


def missing_labels(labels: np.ndarray, classes: Iterable[int]) -> float:
    """Share of a weak label's classes, indices from 0, that have no pixel.

    0 for an image without a label.

    Example:
        >>> missing_labels(np.array([[0, 1]]), [0, 3])
        0.5
    """
    wanted = [class_to_label(index) for index in classes]
    lost = [label for label in wanted if not (labels == label).any()]
    return len(lost) / len(wanted) if wanted else 0.0
