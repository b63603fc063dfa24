"""Where image-level labels come from: XML, a label file, or masks.

The rule for objects that VOC marks as *difficult*: they count, unless told
otherwise, since the label lists that weakly supervised methods publish
count them (mmpretrain's VOC dataset does not).
"""

import csv
import difflib
import json
from pathlib import Path

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse
from PIL import Image

from projects.amr.datasets.image_ids import strip_image_suffix
from projects.amr.errors import DataError
from projects.amr.structures.label_space import classes_in_mask

SEPARATORS = ';|'


class ClassNames:
    """Looks class names up and explains the ones it does not know.

    Args:
        names (Sequence[str]): Foreground class names by class index.
    """

    def __init__(self, names):
        self.names = tuple(names)
        self._index = {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str, where: str) -> int:
        """Class index of a name.

        Args:
            name (str): Class name as in the class list.
            where (str): File (and line) for the message.

        Returns:
            int: Class index, from 0.

        Raises:
            DataError: If the name is not in the class list.
        """
        if name in self._index:
            return self._index[name]
        near = difflib.get_close_matches(name.lower(), self.names, 1, 0.5)
        hint = f' (did you mean {near[0]!r}?)' if near else ''
        raise DataError(
            f'{where}: unknown class {name!r}{hint}. The classes are: '
            f'{", ".join(self.names)}'
        )


def labels_from_xml(
    path: str | Path, names: ClassNames, include_difficult: bool = True
) -> set[int]:
    """Class indices of the objects in a VOC annotation.

    Args:
        path (str | Path): XML file; entities are never expanded.
        names (ClassNames): Class list.
        include_difficult (bool): Whether objects marked difficult count.
            Defaults to True.

    Returns:
        set[int]: Class indices.

    Raises:
        DataError: If the file is missing, no XML, or names no known class.
    """
    try:
        root = parse(str(path)).getroot()
    except FileNotFoundError:
        raise DataError(
            f'annotation not found: {path}. Weak labels come from it; set '
            "label_source='file' or 'mask' to take them from elsewhere"
        ) from None
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise DataError(f'{path} is not a plain XML file ({error})') from None
    return {
        names.index((item.findtext('name') or '').strip(), str(path))
        for item in root.iter('object')
        if include_difficult or not _is_difficult(item)
    }


def _is_difficult(item) -> bool:
    """Whether an <object> is marked difficult."""
    return (item.findtext('difficult') or '0').strip() == '1'


def labels_from_mask(path: str | Path, names: ClassNames) -> set[int]:
    """Class indices that occur in a segmentation mask.

    Args:
        path (str | Path): Palette or grey PNG with values 0..K and 255.
        names (ClassNames): Class list.

    Returns:
        set[int]: Class indices.

    Raises:
        DataError: If the mask is missing, unreadable, coloured, or has a
            value outside 0..K and 255.
    """
    try:
        with Image.open(path) as image:
            mask = np.asarray(image)
    except FileNotFoundError:
        raise DataError(f'mask not found: {path}') from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f'{path} is not a readable mask ({error})') from None
    if mask.ndim != 2:
        raise DataError(
            f'{path} must be a palette or grey image of label values, got '
            f'shape {mask.shape}'
        )
    classes = classes_in_mask(mask)
    if len(classes) and classes[-1] >= len(names):
        raise DataError(
            f'{path}: values must be 0..{len(names)} or 255, got '
            f'{classes[-1] + 1}'
        )
    return set(classes.tolist())


def read_label_file(path: str | Path, names: ClassNames) -> dict:
    """Read weak labels from a CSV or JSON file.

    CSV: a header, then one image a row. Either two columns ``image,labels``
    with names separated by ``;`` or ``|``, or one column a class holding 0
    or 1. JSON: ``{"image": ["name", ...]}``.

    Args:
        path (str | Path): File ending in ``.csv`` or ``.json``, UTF-8.
        names (ClassNames): Class list.

    Returns:
        dict[str, set[int]]: Image id -> class indices.

    Raises:
        DataError: If the file or a row breaks a rule; rows are named.
    """
    path = Path(path)
    readers = {'.csv': _read_csv, '.json': _read_json}
    if path.suffix.lower() not in readers:
        raise DataError(f'label file {path} must end in .csv or .json')
    try:
        rows = list(readers[path.suffix.lower()](path))
    except FileNotFoundError:
        raise DataError(f'label file not found: {path}') from None
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise DataError(f'{path} is not readable ({error})') from None
    labels: dict[str, set[int]] = {}
    for where, image, values in rows:
        if image in labels:
            raise DataError(f'{where}: image {image!r} occurs twice')
        labels[image] = {names.index(value, where) for value in values}
    return labels


def _read_csv(path: Path):
    """Yield (where, image id, class names) of a CSV file."""
    with path.open(encoding='utf-8-sig', newline='') as file:
        reader = csv.reader(file)
        header = [cell.strip() for cell in next(reader, [])]
        if len(header) < 2:
            raise DataError(
                f'{path}: the header must be `image,labels` or `image,` and '
                f'the class names, got {header}'
            )
        for number, row in enumerate(reader, 2):
            if not any(cell.strip() for cell in row):
                continue
            where = f'{path}:{number}'
            if len(row) != len(header):
                raise DataError(
                    f'{where}: {len(row)} columns, the header has '
                    f'{len(header)}'
                )
            yield (
                where,
                strip_image_suffix(row[0].strip()),
                _row_names(where, header, row),
            )


def _row_names(where: str, header: list[str], row: list[str]) -> list[str]:
    """Class names of one CSV row, in either form."""
    if header[1:] == ['labels']:
        text = row[1]
        for separator in SEPARATORS:
            text = text.replace(separator, '\n')
        return [name.strip() for name in text.splitlines() if name.strip()]
    cells = [cell.strip() for cell in row[1:]]
    for name, cell in zip(header[1:], cells, strict=True):
        if cell not in ('0', '1'):
            raise DataError(
                f'{where}: column {name!r} must hold 0 or 1, got {cell!r}'
            )
    return [n for n, c in zip(header[1:], cells, strict=True) if c == '1']


def _read_json(path: Path):
    """Yield (where, image id, class names) of a JSON file."""
    content = json.loads(path.read_text(encoding='utf-8-sig'))
    if not isinstance(content, dict):
        raise DataError(f'{path} must hold an object of image: [names]')
    for image, values in content.items():
        if not isinstance(values, list) or not all(
            isinstance(value, str) for value in values
        ):
            raise DataError(
                f'{path}: labels of {image!r} must be a list of names'
            )
        yield f'{path} ({image})', strip_image_suffix(image.strip()), values
