"""Files that name the labels of images: CSV in two forms, JSON."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets.image_ids import same_text
from projects.amr.errors import DataError

SEPARATORS = ';|'


@dataclass(frozen=True)
class LabelRow:
    """Labels of one image, as the file has them.

    Args:
        where (str): File and line, for messages.
        image (str): Name of the image, with ``/`` between folders.
        names (tuple[str, ...]): Class names, in NFC.
    """

    where: str
    image: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class LabelTable:
    """All rows of a label file.

    Args:
        rows (tuple[LabelRow, ...]): In the order of the file.
        columns (tuple[str, ...], optional): Class names of the header, where
            the file has one column a class. Defaults to None.
    """

    rows: tuple[LabelRow, ...]
    columns: tuple[str, ...] | None = None


def read_label_table(path: str | Path) -> LabelTable:
    """Read a CSV or JSON file of image-level labels.

    CSV: a header, then one image a row. Either two columns ``image,labels``
    with names separated by ``;`` or ``|``, or one column a class holding 0
    or 1. JSON: ``{"image": ["name", ...]}``.

    Args:
        path (str | Path): File ending in ``.csv`` or ``.json``, UTF-8.

    Returns:
        LabelTable: The rows; images may occur twice.

    Raises:
        DataError: If the file or a row breaks a rule; rows are named.
    """
    path = Path(path)
    readers = {'.csv': _read_csv, '.json': _read_json}
    if path.suffix.lower() not in readers:
        raise DataError(f'label file {path} must end in .csv or .json')
    try:
        return readers[path.suffix.lower()](path)
    except FileNotFoundError:
        raise DataError(f'label file not found: {path}') from None
    except (
        OSError,
        RecursionError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        csv.Error,
    ) as error:
        raise DataError(f'{path} is not readable ({error})') from None


def _row(where: str, image: str, names) -> LabelRow:
    """Tidy one row up."""
    image = same_text(image.strip()).replace('\\', '/').removeprefix('./')
    names = [same_text(name.strip()) for name in names]
    return LabelRow(where, image, tuple(name for name in names if name))


def _read_csv(path: Path) -> LabelTable:
    """Read either CSV form."""
    with path.open(encoding='utf-8-sig', newline='') as file:
        reader = csv.reader(file, strict=True)
        header = [same_text(cell.strip()) for cell in next(reader, [])]
        if len(header) < 2 or not all(header):
            raise DataError(
                f'{path}: the header must be `image,labels` or `image,` and '
                f'the class names, separated by commas, got {header}'
            )
        rows = tuple(
            _row(where, cells[0], _row_names(where, header, cells))
            for where, cells in _csv_cells(path, reader, len(header))
        )
    return LabelTable(
        rows, None if header[1:] == ['labels'] else tuple(header[1:])
    )


def _csv_cells(path: Path, reader, width: int) -> Iterator:
    """Yield (where, cells) of the rows that are not blank."""
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f'{path}:{reader.line_num}'
        if len(cells) != width:
            raise DataError(
                f'{where}: {len(cells)} columns, the header has {width}'
            )
        yield where, cells


def _row_names(where: str, header: list[str], row: list[str]) -> list[str]:
    """Class names of one CSV row, in either form."""
    if header[1:] == ['labels']:
        text = row[1]
        for separator in SEPARATORS:
            text = text.replace(separator, '\n')
        return text.splitlines()
    cells = [cell.strip() for cell in row[1:]]
    for name, cell in zip(header[1:], cells, strict=True):
        if cell not in ('0', '1'):
            raise DataError(
                f'{where}: column {name!r} must hold 0 or 1, got {cell!r}'
            )
    return [n for n, c in zip(header[1:], cells, strict=True) if c == '1']


def _read_json(path: Path) -> LabelTable:
    """Read a JSON object; its keys are kept apart, equal ones too."""
    content = json.loads(
        path.read_text(encoding='utf-8-sig'), object_pairs_hook=tuple
    )
    if not isinstance(content, tuple):
        raise DataError(f'{path} must hold an object of image: [names]')
    for image, values in content:
        if not isinstance(values, list) or not all(
            isinstance(value, str) for value in values
        ):
            raise DataError(
                f'{path}: labels of {image!r} must be a list of names'
            )
    return LabelTable(
        tuple(_row(f'{path} ({k})', k, values) for k, values in content)
    )
