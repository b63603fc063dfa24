"""Contents of an image file that loading refuses or would lose."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import TiffImagePlugin

from projects.amr.errors import DataError

_TIFF_MARKS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_BIG_TIFF_HEAD = 16  # bytes; of a classic one 8
_BITS, _BANDS, _EXTRA, _FORMAT = 258, 277, 338, 339  # TIFF tags
_KINDS = {
    2: 'signed integers',
    3: 'floating-point numbers',
    5: 'complex integers',
    6: 'complex numbers',
}
_READ_BITS = (1, 2, 4, 8, 16)
_REMEDY = (
    'Save it as grey or RGB of 8 bits, or of 16 bits that use the whole range'
)
MIN_LEVELS = 16
"""Levels of 256 that an image must use after a conversion."""


def check_tiff(path: str | Path, data: bytes | None = None) -> None:
    """Refuse a TIFF of values that are no picture (DataError).

    These are numbers other than unsigned integers of up to 16 bits, or bands
    other than grey, RGB and a fourth one that is dropped. Any other file
    passes.
    """
    tags = _tiff_tags(path, data)
    if not tags:
        return
    bits = max(_numbers(tags, _BITS, 1))
    bands = _numbers(tags, _BANDS, 1)[0]
    kinds = set(_numbers(tags, _FORMAT, 1)) & _KINDS.keys()
    faults = [f'{_KINDS[kind]} of {bits} bits' for kind in sorted(kinds)]
    if bits not in _READ_BITS and not kinds:
        faults.append(f'{bits} bits a value')
    if bands > 4 or (bands == 2 and not any(_numbers(tags, _EXTRA, 0))):
        faults.append(f'{bands} bands')
    if faults:
        raise DataError(
            f'{path} is not a readable image, but a TIFF of '
            f'{" in ".join(faults)}. {_REMEDY}'
        )


def has_fourth_band(path: str | Path) -> bool:
    """Return whether a TIFF has a fourth band that is not alpha, or more."""
    tags = _tiff_tags(path)
    return bool(
        tags
        and _numbers(tags, _BANDS, 1)[0] == 4
        and _EXTRA in tags
        and not any(_numbers(tags, _EXTRA, 0))
    )


def check_conversion(path: str | Path, loaded: np.ndarray) -> None:
    """Refuse an image that loading makes black, or of one colour (DataError).

    Its values are of 16 bits and so close together that 8 bits merge them, or
    only its alpha channel shows something. ``loaded`` is (H, W, 3), uint8.
    """
    if _spread(loaded) >= MIN_LEVELS:
        return
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        return
    colours = raw[..., :3] if raw.ndim == 3 else raw
    if raw.dtype == np.uint16 and _spread(colours) >= MIN_LEVELS:
        raise DataError(
            f'{path} holds values of 16 bits from {colours.min()} to '
            f'{colours.max()}: divided by 256 they become {loaded.min()} to '
            f'{loaded.max()}, which shows next to nothing. {_REMEDY}'
        )
    alpha = raw.ndim == 3 and raw.shape[2] == 4
    if alpha and not _spread(loaded) and _spread(raw[..., 3]):
        raise DataError(
            f'{path} has one colour but for its alpha channel, which is '
            'dropped: paste the image on a background, and save it as RGB'
        )


def is_plain(loaded: np.ndarray) -> bool:
    """Return whether an image of more than a pixel has one colour alone."""
    return loaded[..., 0].size > 1 and not np.ptp(loaded, axis=(0, 1)).any()


def _spread(values: np.ndarray) -> int:
    """Largest range of a channel."""
    flat = values.reshape(values.shape[0] * values.shape[1], -1)
    return int((flat.max(0).astype(int) - flat.min(0)).max())


def _tiff_tags(path: str | Path, data: bytes | None = None):
    """First directory of a TIFF; None for any other file."""
    try:
        with Path(path).open('rb') if data is None else BytesIO(data) as file:
            head = file.read(8)
            if not head.startswith(_TIFF_MARKS):
                return None
            if head[2:4] in (b'+\0', b'\0+'):
                head += file.read(_BIG_TIFF_HEAD - len(head))
            tags = TiffImagePlugin.ImageFileDirectory_v2(head)
            file.seek(tags.next)
            tags.load(file)
            return tags
    except Exception:  # damaged directories raise of all kinds
        return None


def _numbers(tags, tag: int, default: int) -> tuple[int, ...]:
    """Values of a tag; a damaged one counts as missing."""
    try:
        values = tags.get(tag, default)
        values = values if isinstance(values, tuple) else (values,)
        return tuple(int(value) for value in values) or (default,)
    except Exception:
        return (default,)
