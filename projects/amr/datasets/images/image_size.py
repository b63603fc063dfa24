"""Sizes of images without decoding them."""

from pathlib import Path

from PIL import Image

from projects.amr.errors import DataError

_ORIENTATION = 0x0112
_SWAPPED = (5, 6, 7, 8)  # values that swap height and width


def image_size(path: str | Path) -> tuple[int, int]:
    """Read the size (H, W) in pixels that an image has once it is loaded.

    OpenCV, and so the loaders of mmcv, turn an image as its EXIF orientation
    says. Raises DataError if the file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            swapped = _orientation(image) in _SWAPPED
    except FileNotFoundError:
        raise DataError(f'image not found: {path}') from None
    except Exception as error:  # damaged headers raise of all kinds
        raise DataError(f'{path} is not a readable image ({error})') from None
    return (width, height) if swapped else (height, width)


def is_turned(image: Image.Image) -> bool:
    """Return whether an image is stored otherwise than its EXIF shows it."""
    return _orientation(image) in range(2, 9)


def _orientation(image: Image.Image) -> int | None:
    return image.getexif().get(_ORIENTATION)
