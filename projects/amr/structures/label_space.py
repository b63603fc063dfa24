"""The two ways of counting classes, and the only place that converts them.

A *class index* ``k`` counts foreground classes from 0 (weak labels, CAMs,
classifier outputs). A *segmentation label* counts the background too: 0 is
background, class ``k`` is label ``k + 1``, 255 is ignored.
"""

import numpy as np

BACKGROUND_LABEL = 0
IGNORE_LABEL = 255


def class_to_label(index):
    """Segmentation label of a foreground class index.

    Args:
        index (int | np.ndarray | torch.Tensor): Class index, from 0.

    Returns:
        int | np.ndarray | torch.Tensor: The label, from 1.
    """
    return index + 1


def foreground_names(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the foreground classes of a segmentation class list.

    Args:
        classes (tuple[str]): Names by segmentation label, background first.

    Returns:
        tuple[str]: Names by class index.
    """
    return tuple(classes[1:])


def multi_hot(indices, num_classes: int) -> np.ndarray:
    """Multi-hot weak label of a set of class indices.

    Args:
        indices (Iterable[int]): Class indices, from 0.
        num_classes (int): Number K of foreground classes.

    Returns:
        np.ndarray: Shape (K,), float32, values 0 or 1.

    Example:
        >>> multi_hot([2, 0], 4)
        array([1., 0., 1., 0.], dtype=float32)
    """
    label = np.zeros(num_classes, dtype=np.float32)
    label[list(indices)] = 1
    return label


def classes_in_mask(mask: np.ndarray) -> np.ndarray:
    """Class indices that occur in a segmentation mask.

    Args:
        mask (np.ndarray): Shape (H, W), labels 0..K and 255.

    Returns:
        np.ndarray: Sorted class indices, background and 255 left out.

    Example:
        >>> classes_in_mask(np.array([[0, 3], [255, 1]], np.uint8))
        array([0, 2])
    """
    labels = np.unique(mask).astype(np.int64)
    return labels[(labels != BACKGROUND_LABEL) & (labels != IGNORE_LABEL)] - 1
