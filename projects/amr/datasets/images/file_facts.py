"""Facts of data files, as values that JSON can hold.

A scan keeps them. Each function reads one whole file; a damaged one raises.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from projects.amr.datasets.images.image_content import (
    check_conversion,
    check_tiff,
    has_fourth_band,
    is_plain,
)
from projects.amr.datasets.images.image_size import is_turned
from projects.amr.datasets.labels.weak_labels import annotated_objects
from projects.amr.datasets.transforms.loading import LoadWeakLabelImage
from projects.amr.errors import DataError
from projects.amr.structures import load_label_map

_BY_MODE = {
    **dict.fromkeys(('1', 'L', 'LA', 'I;16', 'I;16B', 'I'), 'grey'),
    **dict.fromkeys(('P', 'PA'), 'palette'),
    'CMYK': 'CMYK',
}
_PNG_DEPTH_BYTE = 24  # of the file: in the first chunk, behind the size


def read_image(path: str | Path) -> np.ndarray:
    """Read a whole image as training will, (H, W, 3), uint8, BGR.

    Raises DataError if it is missing, empty, cut off, no image, of values that
    are no picture, or shows nothing once it is converted.
    """
    check_tiff(path)
    try:
        with Image.open(path) as image:
            image.load()  # some OpenCV versions take images that are cut off
    except FileNotFoundError:
        raise DataError(f'image not found: {path}') from None
    except Exception as error:  # damaged files raise of all kinds
        raise DataError(f'{path} is not a readable image ({error})') from None
    loaded = LoadWeakLabelImage()({'img_path': str(path)})['img']
    check_conversion(path, loaded)
    return loaded


def image_facts(path: str | Path) -> dict:
    """Size and conversions of an image, see :func:`read_image`.

    ``size``, [H, W] as loaded, and ``converted``, the rules of
    :class:`LoadWeakLabelImage` that apply: ``'CMYK'``, ``'grey'``, ``'16
    bits'``, ``'alpha'``, ``'palette'``, ``'turned'`` (EXIF), ``'further
    pages'``, ``'fourth band'``; and ``plain`` where it has one colour.
    """
    loaded = read_image(path)
    with Image.open(path) as image:
        kinds = {
            _BY_MODE.get(image.mode): True,
            '16 bits': _is_deep(image, path),
            'alpha': image.has_transparency_data,
            'fourth band': has_fourth_band(path),
            'turned': is_turned(image),
            'further pages': _has_further_pages(image),
        }
    found = [kind for kind, there in kinds.items() if kind and there]
    facts = {'size': list(loaded.shape[:2]), 'converted': found}
    return facts | ({'plain': True} if is_plain(loaded) else {})


def annotation_facts(path: str | Path) -> dict:
    """Objects of a VOC annotation: ``objects``, [class name, difficult]."""
    return {'objects': [list(item) for item in annotated_objects(path)]}


def mask_facts(path: str | Path) -> dict:
    """``size``, [H, W], of a mask and ``counts``, pixels by value, as text."""
    labels, _ = load_label_map(path)
    counts = np.bincount(labels.ravel())
    values = np.flatnonzero(counts)
    return {
        'size': list(labels.shape),
        'counts': {str(v): int(counts[v]) for v in values},
    }


def _is_deep(image: Image.Image, path: str | Path) -> bool:
    if image.mode.startswith('I'):
        return True
    if image.format == 'PNG':
        with Path(path).open('rb') as file:
            head = file.read(_PNG_DEPTH_BYTE + 1)
        return head[_PNG_DEPTH_BYTE:] == b'\x10'
    if image.format == 'TIFF':
        return max(image.tag_v2.get(258, (8,))) > 8
    return False


def _has_further_pages(image: Image.Image) -> bool:
    """Return whether a file has pages beyond the first, which is loaded."""
    try:
        return getattr(image, 'n_frames', 1) > 1
    except Exception:  # there is one, damaged: such headers raise of all kinds
        return True
