"""Masks of colours, as labelling tools export them, into label maps."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from projects.amr.datasets.images.image_ids import same_text
from projects.amr.datasets.labels.reading import read_json, read_lines
from projects.amr.errors import DataError
from projects.amr.structures.label_space import IGNORE_LABEL

IGNORED_NAMES = ('ignored', 'ignore', 'void', 'unlabelled', 'unlabeled')
_PACKED = (1 << 16, 1 << 8, 1)  # factors that make a colour one number
_CVAT = re.compile(r'(.+?):\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?::.*)?')


def read_palette(path: str | Path) -> dict[str, tuple[int, int, int]]:
    """Read which RGB colour stands for which class, in the file's order.

    The file is CVAT's ``labelmap.txt`` (``dog:128,0,0::``), a CSV of
    ``name,r,g,b`` (with a header or without), or a JSON object of
    ``name: [r, g, b]``. Raises DataError if it cannot be read, a line breaks a
    rule, or a name or colour occurs twice.
    """
    path = Path(path)
    rows = _json_rows if path.suffix.lower() == '.json' else _text_rows
    colours: dict[str, tuple[int, int, int]] = {}
    for where, name, values in rows(path):
        name, colour = same_text(name.strip()), _colour(values)
        if not name or colour is None:
            raise DataError(
                f'{path}{where}: must be a name and three numbers 0..255, '
                'such as dog:128,0,0:: or dog,128,0,0'
            )
        if name in colours or colour in colours.values():
            raise DataError(f'{path}{where}: {name!r} or its colour is there')
        colours[name] = colour
    if not colours:
        raise DataError(f'palette {path} names no colour')
    return colours


def palette_labels(
    colours: Mapping[str, tuple[int, int, int]],
    classes: tuple[str, ...] | None = None,
) -> dict[tuple[int, int, int], int]:
    """Labels by colour; 255 for ``ignored`` and the like, if not a class.

    ``colours`` are those of :func:`read_palette`, ``classes`` names by label,
    background first, by default in the order of the palette. Raises DataError
    if a name is not in the class list.

    Example:
        >>> palette_labels({'background': (0, 0, 0), 'dog': (128, 0, 0)})
        {(0, 0, 0): 0, (128, 0, 0): 1}
    """
    if classes is None:
        known = [n for n in colours if n.casefold() not in IGNORED_NAMES]
        first = [n for n in known if n.casefold() == 'background']
        classes = (*first, *(n for n in known if n not in first))
        if not first:
            raise DataError(
                'the palette has no colour of `background`: add it, or name '
                'a class list (--classes)'
            )
    labels = {same_text(name): label for label, name in enumerate(classes)}
    for name in colours:
        if name.casefold() in IGNORED_NAMES:
            labels.setdefault(name, IGNORE_LABEL)
    unknown = [name for name in colours if name not in labels]
    if unknown:
        raise DataError(
            f'classes of the palette are not in the class list: '
            f'{", ".join(unknown)}; it has {", ".join(classes)}'
        )
    return {colour: labels[name] for name, colour in colours.items()}


def colours_to_labels(
    rgb: np.ndarray, labels: Mapping[tuple[int, int, int], int]
) -> np.ndarray:
    """Convert a mask of colours (H, W, 3), uint8, to labels (H, W), uint8.

    Raises ValueError if a colour has no label; the most frequent are named.
    """
    keys = {int(np.dot(colour, _PACKED)): labels[colour] for colour in labels}
    values, places, counts = np.unique(
        np.dot(rgb, _PACKED), return_inverse=True, return_counts=True
    )
    unknown = [
        (count, value)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        if value not in keys
    ]
    if unknown:
        named = [
            f'({value >> 16}, {value >> 8 & 255}, {value & 255}): {count}'
            for count, value in sorted(unknown, reverse=True)[:5]
        ]
        raise ValueError(
            f'{len(unknown)} colours are not in the palette (RGB: pixels): '
            f'{"; ".join(named)}'
        )
    table = np.array([keys[v] for v in values.tolist()], np.uint8)
    return table[places.reshape(rgb.shape[:2])]


def load_colour_mask(
    path: str | Path, labels: Mapping[tuple[int, int, int], int]
) -> np.ndarray:
    """Read an image in RGB, RGBA or palette colours as labels (H, W), uint8.

    Raises DataError if it is no image, or has a colour without a label.
    """
    try:
        with Image.open(path) as image:
            kind = image.format
            rgb = np.array(image.convert('RGB'))
    except Exception as error:  # damaged files raise of all kinds
        raise DataError(f'{path} is not a readable image ({error})') from None
    try:
        return colours_to_labels(rgb, labels)
    except ValueError as error:
        hint = ''
        if kind in ('JPEG', 'WEBP'):
            hint = f'. {kind} changes colours: export the masks as PNG'
        raise DataError(f'{path}: {error}{hint}') from None


def _text_rows(path: Path):
    """Yield (place, name, values) of CVAT's lines or of a CSV."""
    lines = [row for row in read_lines(path) if not row[1].startswith('#')]
    for index, (number, line) in enumerate(lines):
        match = _CVAT.fullmatch(line)
        if match:
            yield f':{number}', match[1], match.groups()[1:]
            continue
        name, *cells = (cell.strip() for cell in next(csv.reader([line])))
        if index or any(cell.isdigit() for cell in cells):  # no header
            yield f':{number}', name, cells


def _json_rows(path: Path):
    """Yield (place, name, values) of a JSON object."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(f'{path} must be an object of name: [r, g, b]')
    for name, values in content.items():
        yield f' ({name})', name, values


def _colour(values) -> tuple[int, int, int] | None:
    try:
        colour = () if isinstance(values, str) else tuple(map(int, values))
    except (OverflowError, TypeError, ValueError):
        return None
    inside = len(colour) == 3 and all(0 <= v <= 255 for v in colour)
    return colour if inside else None
