"""CAMs and labels of the released codes in this project's formats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from projects.amr.datasets.labels.label_file import csv_text
from projects.amr.errors import DataError
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.structures import CAMRecord
from projects.amr.workflow.released.restricted_pickle import load_pickled_npy

MAPS = ('cam', 'high_res')
_EXCESS = 1e-3  # of a map's maximum above 1, by rounding


def convert_cam_file(
    source: Path, target: Path, which: str = 'cam', size=None
) -> CAMRecord:
    """Convert one image's pickled CAMs to a :class:`CAMRecord`.

    Two forms are in use. IRN, AdvCAM, AMR: ``keys`` (class indices from 0),
    ``cam`` at stride 4 and ``high_res`` at image size; ``which`` is one of
    these two. AffinityNet, SEAM: one map of image size per class index.
    ``size`` is the image's (H, W) where the file holds no map of that size.

    Raises DataError if the file has another content, RefusedPickleError if its
    pickle names more than data; nothing is written then.
    """
    content = _read_dict(source, 'CAMs')
    if 'keys' in content:
        classes, maps, size = _keyed(source, content, which, size)
    else:
        classes, maps = _by_class(source, content)
        size = maps.shape[-2:] if len(maps) else size
    if size is None:
        raise DataError(f'{source} has no size of its image: give --image-dir')
    order = np.argsort(classes)
    try:
        record = CAMRecord(
            classes[order], _in_range(source, maps)[order], tuple(size)
        )
    except ValueError as error:
        raise DataError(f'{source}: {error}') from None
    record.save(target)
    return record


def _read_dict(source: Path, what: str) -> dict:
    """The pickled dict of a file; DataError if it holds something else."""
    content = load_pickled_npy(source)
    if not isinstance(content, dict):
        raise DataError(
            f'{source} holds a {type(content).__name__}, not a dict of {what}'
        )
    return content


def _keyed(source, content: dict, which: str, size) -> tuple:
    """Classes, maps and size of IRN's form."""
    if which not in content:
        raise DataError(
            f'{source} has no {which!r}, only {", ".join(map(str, content))}'
        )
    classes = _array(source, content['keys']).astype(np.int64)
    maps = _array(source, content[which]).astype(np.float32)
    if content.get('high_res') is not None:
        size = _array(source, content['high_res']).shape[-2:]
    if classes.ndim != 1 or maps.ndim != 3 or len(maps) != len(classes):
        raise DataError(
            f'{source}: keys of shape {classes.shape} do not go with maps of '
            f'shape {maps.shape}'
        )
    return classes, maps, size


def _by_class(source, content: dict) -> tuple[np.ndarray, np.ndarray]:
    """Classes and maps of AffinityNet's form."""
    if not all(isinstance(k, (int, np.integer)) for k in content):
        raise DataError(
            f'{source} is no dict of CAMs: its keys are '
            f'{", ".join(map(repr, list(content)[:3]))}'
        )
    maps = [_array(source, value) for value in content.values()]
    if len({m.shape for m in maps}) > 1 or any(m.ndim != 2 for m in maps):
        raise DataError(f'{source}: maps of differing shapes')
    shape = (0, 1, 1) if not maps else (len(maps), *maps[0].shape)
    stacked = np.array(maps, np.float32).reshape(shape)
    return np.array(list(content), np.int64), stacked


def _array(source, value) -> np.ndarray:
    """An array of numbers."""
    value = value.numpy() if isinstance(value, torch.Tensor) else value
    value = np.asarray(value)
    if value.dtype.kind not in 'biuf':
        raise DataError(f'{source}: an array of {value.dtype}, not of numbers')
    return value


def _in_range(source, maps: np.ndarray) -> np.ndarray:
    """Maps within [0, 1]; what rounding put above is cut."""
    if maps.size and not (maps.min() >= 0 and maps.max() <= 1 + _EXCESS):
        raise DataError(
            f'{source}: values from {maps.min():g} to {maps.max():g}, CAMs '
            'must be normalised to [0, 1]'
        )
    return np.minimum(maps, 1)


def convert_label_file(
    source: Path, target: Path, classes: Sequence[str]
) -> int:
    """Convert ``cls_labels.npy`` to a label file with one column per class.

    ``source`` is a pickled dict of label vectors by image id (text, or IRN's
    integers as 2007000032), ``target`` the CSV to write, ``classes`` are the
    foreground class names in order. Returns the number of images. Raises
    as :func:`convert_cam_file`.
    """
    content = _read_dict(source, 'labels')
    rows = []
    for key, value in content.items():
        vector = _array(source, value)
        if vector.shape != (len(classes),):
            raise DataError(
                f'{source}: labels of {key!r} have shape {vector.shape}, '
                f'expected ({len(classes)},)'
            )
        if not np.isin(vector, (0, 1)).all():
            raise DataError(f'{source}: labels of {key!r} are not 0 or 1')
        rows.append([_image_id(source, key), *vector.astype(int)])
    write_file(target, csv_text(['image', *classes], rows))
    return len(content)


def _image_id(source, key) -> str:
    """An image's id; IRN's integers lack VOC's underscore."""
    if isinstance(key, (int, np.integer)):
        return f'{key // 1000000:04d}_{key % 1000000:06d}'
    if not isinstance(key, str) or not key or '/' in key or '\\' in key:
        raise DataError(f'{source}: {key!r} is no image id')
    return key
