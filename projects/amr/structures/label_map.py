"""One image's labels on disk, as a palette PNG.

Shape legend: (H, W) size of the image. Values are segmentation labels, 255
is ignored (see ``label_space.py``).
"""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from projects.amr.errors import DataError, MissingFileError
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.structures.voc_palette import voc_palette

KEY_CHUNK = 'amr-key'
_LABEL_MODES = ('P', 'L')


def save_label_map(
    path: str | os.PathLike,
    labels: np.ndarray,
    palette: np.ndarray | None = None,
    key: str = '',
) -> Path:
    """Write labels (H, W), uint8: complete under their name, or not at all.

    The palette (1..256, 3) is of RGB colours by label; by default VOC's. The
    key, a digest of all that the labels were made from, is kept in a text
    chunk that viewers ignore.

    The same labels, palette and key give the same bytes.

    Raises:
        TypeError: If labels or palette are not uint8.
        ValueError: If a shape is wrong.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / 'a.png'
        >>> _ = save_label_map(target, np.array([[0, 255]], np.uint8), key='k')
        >>> load_label_map(target)
        (array([[  0, 255]], dtype=uint8), 'k')
    """
    write_file(path, label_png(labels, palette, key))
    return Path(path)


def label_png(
    labels: np.ndarray, palette: np.ndarray | None = None, key: str = ''
) -> bytes:
    """Bytes of the file that :func:`save_label_map` writes."""
    labels = np.asarray(labels)
    palette = voc_palette() if palette is None else np.asarray(palette)
    for name, value in (('labels', labels), ('palette', palette)):
        if value.dtype != np.uint8:
            raise TypeError(f'`{name}` must be uint8, got {value.dtype}')
    if labels.ndim != 2 or not labels.size:
        raise ValueError(f'`labels` must be (H, W), got {labels.shape}')
    if palette.ndim != 2 or palette.shape[1] != 3 or len(palette) > 256:
        raise ValueError(f'`palette` must be (1..256, 3), got {palette.shape}')
    image = Image.fromarray(labels)
    image.putpalette(palette.tobytes())
    info = PngImagePlugin.PngInfo()
    if key:
        info.add_text(KEY_CHUNK, key)
    buffer = BytesIO()
    image.save(buffer, 'png', pnginfo=info)
    return buffer.getvalue()


def load_label_map(path: str | os.PathLike) -> tuple[np.ndarray, str]:
    """Read labels: a palette or grey PNG of 8 bits, of any origin.

    Returns:
        tuple[np.ndarray, str]: Labels (H, W), uint8, and the key, '' if the
        file has none.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If the file is damaged, no PNG, or coloured or of 16
            bits; the message names it and what to do.
    """
    try:
        with Image.open(path, formats=('PNG',)) as image:
            image.load()
            mode, key = image.mode, image.info.get(KEY_CHUNK, '')
            labels = np.array(image)
    except FileNotFoundError:
        raise MissingFileError(f'no label map at {path}') from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:
        raise DataError(
            f'{path} is not a readable PNG ({error}): delete it and make it '
            'again, or restore it'
        ) from None
    if mode not in _LABEL_MODES:
        raise DataError(
            f'{path} must hold label values, a palette (P) or grey (L) PNG '
            f'of 8 bits, got mode {mode}: colours were saved instead of '
            'labels, or values of 16 bits; save it again from the labels'
        )
    return labels, str(key)


def finished_label_map(path: str | os.PathLike, key: str) -> np.ndarray | None:
    """Labels of a file that was made under a key; None if it was not.

    So is a file that is missing or damaged.

    Example:
        >>> finished_label_map('no such file.png', 'k') is None
        True
    """
    try:
        labels, found = load_label_map(path)
    except DataError:
        return None
    return labels if found == key else None


def check_palette_order(
    path: str | os.PathLike, labels: np.ndarray, num_labels: int
) -> None:
    """Refuse a palette PNG whose colours were put in another order.

    Programs that save a smaller palette, or a sorted one, keep the colours
    and change the values. It is certain where all colours that are used are
    VOC's of labels in the class list, and some stand at other values.

    Raises:
        DataError: If it is so.
    """
    with Image.open(path) as image:
        colours = image.getpalette() if image.mode == 'P' else None
    values = np.unique(labels).tolist()
    if not colours or 3 * values[-1] + 3 > len(colours):
        return
    places = {tuple(c): i for i, c in enumerate(voc_palette().tolist())}
    meant = [places.get(tuple(colours[3 * v : 3 * v + 3])) for v in values]
    known = {*range(num_labels), IGNORE_LABEL}
    certain = len(set(meant)) == len(meant) and known.issuperset(meant)
    moved = {v: m for v, m in zip(values, meant, strict=True) if v != m}
    if certain and moved and IGNORE_LABEL not in moved:
        raise DataError(
            f'{path}: the palette was re-ordered, values have the colours of '
            f'other labels (value: label): {moved}. Save it with its palette '
            'as it was or in grey, or import its colours (import_masks.py '
            '--format colours)'
        )
