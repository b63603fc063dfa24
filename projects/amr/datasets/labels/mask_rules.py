"""Rules of a mask: of its image's size, of labels alone."""

from pathlib import Path

import numpy as np

from projects.amr.structures import load_label_map
from projects.amr.structures.label_rules import check_labels, check_mask_size


def load_mask(
    path: str | Path, num_labels: int, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Read a mask that keeps all rules.

    Args:
        path (str | Path): Palette or grey PNG.
        num_labels (int): Classes with the background.
        size (tuple[int, int], optional): (H, W) of the image, as it is
            loaded. Defaults to None, not compared.

    Returns:
        np.ndarray: Labels, (H, W), uint8, 0..num_labels - 1 and 255.

    Raises:
        FileNotFoundError: If there is no such file.
        DataError: If it is no label map, or of another size or value.
    """
    labels, _ = load_label_map(path)
    if size is not None:
        check_mask_size(path, labels.shape, size)
    check_labels(path, labels, num_labels)
    return labels
