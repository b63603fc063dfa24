"""Sub-category labels of images, between SC-CAM's rounds, on disk.

Shape legend: I images, K classes, S clusters of a class at most.
"""

import os

import numpy as np

from projects.amr.runtime.files.array_archive import load_arrays, reading
from projects.amr.runtime.files.atomic_write import atomic_write


def save_subcategories(
    path: str | os.PathLike, img_ids: list[str], labels: np.ndarray
) -> None:
    """Write labels (I, K * S), {0, 1}, of I names: complete, or not at all.

    Raises:
        ValueError: If the numbers of rows differ or names repeat.
    """
    if len(set(img_ids)) != len(img_ids) or len(img_ids) != len(labels):
        raise ValueError(
            f'`img_ids` must be {len(labels)} distinct names, got '
            f'{len(set(img_ids))} of {len(img_ids)}'
        )
    with atomic_write(path) as file:
        np.savez(
            file,
            img_ids=np.array(img_ids, dtype=np.str_),
            labels=np.asarray(labels, dtype=np.uint8),
        )


def load_subcategories(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read labels (K * S,), {0, 1}, float32, by image.

    Raises:
        DataError: If the file is missing, damaged or of another kind.
    """
    remedy = 'make it with tools/cluster_images.py'
    with reading(path, 'file of sub-categories', remedy):
        arrays = load_arrays(path)
        names, labels = arrays['img_ids'].tolist(), arrays['labels']
        if labels.ndim != 2 or len(labels) != len(names):
            raise ValueError(f'{len(names)} images, labels {labels.shape}')
    return dict(zip(names, labels.astype(np.float32), strict=True))
