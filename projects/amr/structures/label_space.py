"""The two ways of counting classes, and the only place that converts them.

A *class index* ``k`` counts foreground classes from 0 (weak labels, CAMs,
classifier outputs). A *segmentation label* counts the background too: 0 is
background, class ``k`` is label ``k + 1``, 255 is ignored.
"""

import numpy as np

BACKGROUND_LABEL = 0
IGNORE_LABEL = 255


def class_to_label(index):
    """Segmentation label, from 1, of a class index, from 0."""
    return index + 1


def foreground_names(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Names by class index, from names by label, background first."""
    return tuple(classes[1:])


def multi_hot(indices, num_classes: int) -> np.ndarray:
    """Multi-hot label (K,), float32, of class indices.

    Example:
        >>> multi_hot([2, 0], 4)
        array([1., 0., 1., 0.], dtype=float32)
    """
    label = np.zeros(num_classes, dtype=np.float32)
    label[list(indices)] = 1
    return label


def classes_in_mask(mask: np.ndarray) -> np.ndarray:
    """Sorted class indices in a mask, without background and 255.

    Example:
        >>> classes_in_mask(np.array([[0, 3], [255, 1]], np.uint8))
        array([0, 2])
    """
    labels = np.unique(mask).astype(np.int64)
    return labels[(labels != BACKGROUND_LABEL) & (labels != IGNORE_LABEL)] - 1
