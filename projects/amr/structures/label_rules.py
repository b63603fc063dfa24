"""Rules of labels: of their image's size, and within the class list."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from projects.amr.errors import DataError
from projects.amr.structures.label_space import IGNORE_LABEL


def check_mask_size(path: str | Path, size: tuple, wanted: tuple) -> None:
    """Refuse a mask of another size than its image.

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


def check_labels(
    source: str | Path,
    labels: np.ndarray,
    num_labels: int,
    *,
    ignored: int | None = IGNORE_LABEL,
    fix: str = '',
) -> None:
    """Refuse labels beyond the class list.

    Raises:
        DataError: If a label is outside ``0..num_labels - 1`` and not
            ``ignored``; the message has the histogram of those.
    """
    labels = np.asarray(labels)
    wrong = labels[(labels < 0) | (labels >= num_labels)]
    values, counts = np.unique(wrong, return_counts=True)
    histogram = dict(zip(values.tolist(), counts.tolist(), strict=True))
    check_label_counts(source, histogram, num_labels, ignored=ignored, fix=fix)


def check_label_counts(
    source: str | Path,
    counts: Mapping[int, int],
    num_labels: int,
    *,
    ignored: int | None = IGNORE_LABEL,
    fix: str = '',
) -> None:
    """Refuse labels as :func:`check_labels` does, from pixels by label.

    Example:
        >>> check_label_counts('a.png', {0: 5, 20: 1, 255: 3}, 21)
        >>> try:
        ...     check_label_counts('a.png', {0: 5, 21: 2}, 21)
        ... except DataError as error:
        ...     print(error)
        a.png: values must be 0..20 or 255, got {21: 2} (value: pixels)
    """
    wrong = {
        value: count
        for value, count in sorted(counts.items())
        if count and not 0 <= value < num_labels and value != ignored
    }
    if not wrong:
        return
    rule = f' or {ignored}'
    if ignored is None:
        rule = f', without {IGNORE_LABEL}'
    first = dict(list(wrong.items())[:10])
    raise DataError(
        f'{source}: values must be 0..{num_labels - 1}{rule}, got {first} '
        f'(value: pixels){fix and f". {fix}"}'
    )
