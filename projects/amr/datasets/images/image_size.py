"""Sizes of images without decoding them."""

from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from projects.amr.errors import DataError

_ORIENTATION = 0x0112
_SWAPPED = (5, 6, 7, 8)  # values that swap height and width


def image_size(path: str | Path) -> tuple[int, int]:
    """Read the size (H, W) in pixels that an image has once it is loaded.

    OpenCV, and so the loaders of mmcv, turn an image as its EXIF orientation
    says, but not as its XMP does; OpenCV 4.11 does not turn WebP.
    Raises DataError if the file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            width, height = _stored_size(image)
            swapped = _orientation(image) in _SWAPPED
    except FileNotFoundError:
        raise DataError(f'image not found: {path}') from None
    except Exception as error:  # damaged headers raise of all kinds
        raise DataError(f'{path} is not a readable image ({error})') from None
    return (width, height) if swapped else (height, width)


def is_turned(image: Image.Image) -> bool:
    """Return whether an image is stored otherwise than its EXIF shows it."""
    return _orientation(image) in range(2, 9)


def _stored_size(image: Image.Image) -> tuple[int, int]:
    if image.format == 'TIFF':  # Pillow 13 turns `size` when it opens one
        return image.tag_v2[256], image.tag_v2[257]
    return image.size


def _orientation(image: Image.Image) -> int | None:
    if image.format == 'TIFF':
        return image.tag_v2.get(_ORIENTATION)
    if image.format == 'WEBP' and not _opencv_turns_webp():
        return None
    image.getexif()  # a PNG's may stand behind the pixels
    exif = Image.Exif()
    exif.load(image.info.get('exif') or b'')
    return exif.get(_ORIENTATION)


@cache
def _opencv_turns_webp() -> bool:
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    file = BytesIO()
    Image.new('RGB', (2, 1)).save(file, 'webp', exif=exif)
    data = np.frombuffer(file.getvalue(), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR).shape[:2] == (2, 1)
