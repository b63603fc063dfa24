"""What a mask must be: of its image's size, of labels alone."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from projects.amr.errors import DataError
from projects.amr.structures import load_label_map
from projects.amr.structures.label_space import IGNORE_LABEL


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
        DataError: If it is no label map, of another size, or has another
            value.
    """
    labels, _ = load_label_map(path)
    if size is not None:
        check_mask_size(path, labels.shape, size)
    counts = dict(enumerate(np.bincount(labels.ravel()).tolist()))
    check_mask_values(path, counts, num_labels)
    return labels


def check_mask_size(path: str | Path, size: tuple, wanted: tuple) -> None:
    """Refuse a mask of another size than its image.

    Args:
        path (str | Path): The mask, for the message.
        size (tuple[int, int]): (H, W) of the mask.
        wanted (tuple[int, int]): (H, W) of the image, as it is loaded.

    Raises:
        DataError: If they differ; both are named.
    """
    size, wanted = tuple(size), tuple(wanted)
    if size == wanted:
        return
    hint = ''
    if size == wanted[::-1]:
        hint = (
            '. Images are turned as their EXIF orientation says: was the '
            'mask drawn on the image as stored? Turn the mask'
        )
    raise DataError(
        f'{path}: mask of size {size}, its image is {wanted}{hint}'
    )


def check_mask_values(
    path: str | Path, counts: Mapping[int, int], num_labels: int
) -> None:
    """Refuse a mask with values that are no labels.

    Args:
        path (str | Path): The mask, for the message.
        counts (Mapping[int, int]): Pixels by value.
        num_labels (int): Classes with the background.

    Raises:
        DataError: If a value is outside ``0..num_labels - 1`` and 255; the
            message has the histogram of those.
    """
    wrong = {
        value: count
        for value, count in sorted(counts.items())
        if count and value >= num_labels and value != IGNORE_LABEL
    }
    if wrong:
        first = dict(list(wrong.items())[:10])
        raise DataError(
            f'{path}: values must be 0..{num_labels - 1} or {IGNORE_LABEL}, '
            f'got {first} (value: pixels)'
        )
