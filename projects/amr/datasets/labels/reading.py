"""Reading of files that people write and labelling tools export."""

import json
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException, ElementTree

from projects.amr.errors import DataError
from projects.amr.structures import load_label_map
from projects.amr.structures.label_rules import check_mask_size

# The last two: an unknown and a wrong encoding.
_BAD_XML = (OSError, ParseError, DefusedXmlException, LookupError, ValueError)


class ImportedLabels(NamedTuple):
    """Labels of images in a file of another tool."""

    images: dict[str, tuple[str, ...]]  # class names by image; may be empty
    classes: tuple[str, ...]  # without the background
    left_out: int  # annotations of crowds, or images not labelled yet


def read_lines(path: str | Path) -> list[tuple[int, str]]:
    """Lines of a text file with their numbers, but for blank ones.

    Windows line ends, a byte order mark and spaces around a line are
    tolerated. Raises DataError if the file is missing or not in UTF-8.
    """
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f'{path} is not a readable text file ({error})'
        ) from None
    lines = enumerate(text.splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def read_json(path: str | Path):
    """Content of a JSON file; DataError if it cannot be read."""
    try:
        return json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except (OSError, RecursionError, ValueError) as error:
        raise DataError(f'{path} is not a readable JSON ({error})') from None


def read_xml(path: str | Path) -> Element:
    """Root of an XML file; DataError if it cannot be read.

    Entities are never expanded, a file that declares some is refused.
    """
    try:
        return ElementTree.parse(str(path)).getroot()
    except _BAD_XML as error:
        raise DataError(f'{path} is not a plain XML file ({error})') from None


def load_grey(
    path: str | Path, size: tuple | None, what: str, fix: str = ''
) -> np.ndarray:
    """Values (H, W), uint8, of a palette or grey PNG.

    Raises DataError if it is missing (then with ``fix``), damaged, of colours,
    or of another ``size``, if that is known.
    """
    try:
        values, _ = load_label_map(path)
    except FileNotFoundError:
        raise DataError(f'{what} not found: {path}{fix}') from None
    check_mask_size(path, values.shape, size or values.shape)
    return values
