"""One image's class boundary map on disk.

Shape legend: (h, w) size of the map, some stride below the image's.
"""

import os
from pathlib import Path

import numpy as np

from projects.amr.runtime.files.array_archive import load_arrays, reading
from projects.amr.runtime.files.atomic_write import atomic_write

FORMAT = 'amr-boundary-map-1'


def save_boundary_map(
    path: str | os.PathLike, boundary: np.ndarray, key: str = ''
) -> Path:
    """Write a map (h, w) in [0, 1]: complete under its name, or not at all.

    The key is a digest of all that the map was made from.

    Values are stored as float32, so that a walk over the file gives the
    labels of a walk over the network's own map, to the last pixel.

    Raises:
        ValueError: If the shape or a value is wrong.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / 'a.npz'
        >>> _ = save_boundary_map(target, np.array([[0.5, 1.0]]), 'k')
        >>> load_boundary_map(target)
        (array([[0.5, 1. ]], dtype=float32), 'k')
    """
    path = Path(path)
    boundary = _checked(boundary)
    with atomic_write(path) as file:
        np.savez(
            file,
            format=np.array(FORMAT),
            key=np.array(key),
            boundary=boundary,
        )
    return path


def load_boundary_map(path: str | os.PathLike) -> tuple[np.ndarray, str]:
    """Read a map (h, w), float32, and its key. Nothing is unpickled.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If the file is damaged or no boundary map; the
            message names it and what to do.
    """
    remedy = (
        'make it with tools/test.py CONFIG CHECKPOINT of an affinity network '
        'that saves its boundaries'
    )
    with reading(path, 'boundary map', remedy):
        arrays = load_arrays(path)
        if str(arrays['format']) != FORMAT:
            raise ValueError(f'format {arrays["format"]}, expected {FORMAT}')
        return _checked(arrays['boundary']), str(arrays['key'])


def _checked(boundary: np.ndarray) -> np.ndarray:
    """Return a map as float32 after checking shape and range."""
    boundary = np.asarray(boundary, dtype=np.float32)
    if boundary.ndim != 2 or not boundary.size:
        raise ValueError(f'`boundary` must be (h, w), got {boundary.shape}')
    # One comparison that NaN fails as well.
    if not bool(np.all((boundary >= 0) & (boundary <= 1))):
        raise ValueError('`boundary` must be finite and within [0, 1]')
    return boundary
