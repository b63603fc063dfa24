"""Files that name the labels of images: CSV in two forms, JSON."""

import csv
import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
    tidy_path,
)
from projects.amr.errors import DataError, UserError
from projects.amr.runtime.files.atomic_write import write_file, writing

SEPARATORS = ';|'
_LABELS = 'labels'  # header of the one column of names
_COLUMNS = ',;\t'  # separators of columns; the header decides
BINARY_WORDS = {
    **dict.fromkeys(('1', '1.0', 'true', 'yes'), True),
    **dict.fromkeys(('0', '0.0', 'false', 'no'), False),
}
"""Values that a cell of a class's column may hold, in any case."""
_UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)


@dataclass(frozen=True)
class LabelRow:
    """Labels of one image, as the file has them."""

    where: str  # file and line, for messages
    image: str  # name of the image, with ``/`` between folders
    names: tuple[str, ...]  # class names, in NFC


@dataclass(frozen=True)
class LabelTable:
    """All rows of a label file, in order."""

    rows: tuple[LabelRow, ...]
    # Class names of the header, where the file has one column per class.
    columns: tuple[str, ...] | None = None


def read_label_table(path: str | Path) -> LabelTable:
    """Read a CSV or JSON file of image-level labels.

    CSV: a header, then one image per row. Either two columns ``image,labels``
    with names separated by ``;`` or ``|``, or one column per class holding 0
    or 1 (also 0.0 and 1.0, false and true, no and yes). Columns may be
    separated by ``;`` or tabs, as Excel writes them, if the header has no
    comma; several names are then in quotes, ``a.jpg;"dog;sofa"``, or
    separated by ``|``. JSON: ``{"image": ["name", ...]}``.

    The name ends in ``.csv``, ``.tsv`` or ``.json``; the text is in UTF-8, or
    in UTF-16 with its byte order mark. Images may occur twice. Raises
    DataError if the file or a row breaks a rule; rows are named.
    """
    path = Path(path)
    readers = {'.csv': _read_csv, '.tsv': _read_csv, '.json': _read_json}
    if path.suffix.lower() not in readers:
        raise DataError(f'label file {path} must end in .csv, .tsv or .json')
    try:
        return readers[path.suffix.lower()](path)
    except FileNotFoundError:
        raise DataError(f'label file not found: {path}') from None
    except UnicodeDecodeError as error:
        raise DataError(
            f'{path} is not in UTF-8 ({error}): save it again as "CSV UTF-8" '
            '(Excel), or with encoding="utf-8"'
        ) from None
    except (OSError, RecursionError, json.JSONDecodeError, csv.Error) as error:
        raise DataError(f'{path} is not readable ({error})') from None


def label_table_text(labels: Iterable[tuple[str, Iterable[str]]]) -> str:
    """CSV ``image,labels`` of images and their class names, in order.

    Example:
        >>> label_table_text([('a.jpg', ('dog', 'sofa'))]).splitlines()
        ['image,labels', 'a.jpg,dog;sofa']
    """
    rows = ((image, SEPARATORS[0].join(names)) for image, names in labels)
    return csv_text(('image', _LABELS), rows)


def csv_text(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Text of a CSV file with a header."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows([header, *rows])
    return text.getvalue()


def write_label_table(
    path: str | Path, labels: Iterable[tuple[str, Iterable[str]]]
) -> None:
    """Write a label file, see :func:`label_table_text`.

    Raises UserError if the name does not end in ``.csv``, or it cannot be
    written.
    """
    path = Path(path)
    if path.suffix.lower() != '.csv':
        raise UserError(f'{path}: the name must end in .csv')
    with writing(path):
        write_file(path, label_table_text(labels))


def _row(where: str, image: str, names) -> LabelRow:
    names = [same_text(name.strip()) for name in names]
    names = tuple(name for name in names if name)
    return LabelRow(where, tidy_path(image), names)


def _read_csv(path: Path) -> LabelTable:
    text = _text(path)
    reader = csv.reader(
        io.StringIO(text, newline=''), strict=True, delimiter=_delimiter(text)
    )
    header = _header(path, next(reader, []))
    rows = tuple(
        _row(where, cells[0], _row_names(where, header, cells))
        for where, cells in _csv_cells(path, reader, len(header))
    )
    return LabelTable(
        rows, None if header[1:] == [_LABELS] else tuple(header[1:])
    )


def _text(path: Path) -> str:
    """Text of a file in UTF-8 or, with its mark, UTF-16."""
    data = path.read_bytes()
    return data.decode('utf-16' if data.startswith(_UTF16) else 'utf-8-sig')


def _delimiter(text: str) -> str:
    """Separator of columns: the first known one in the header."""
    header = next(iter(text.splitlines()), '')
    return next((char for char in _COLUMNS if char in header), ',')


def _header(path: Path, cells: list[str]) -> list[str]:
    """Names of the columns; that of names is found in any case."""
    header = [same_text(cell.strip()) for cell in cells]
    rule = (
        'the first line must be `image,labels`, or `image,` and one column a '
        'class'
    )
    if not header:
        raise DataError(f'{path} has no header: {rule}')
    if len(header) < 2 or not all(header):
        raise DataError(f'{path}: {rule}, got {header}')
    if strip_image_suffix(header[0]) != header[0]:
        raise DataError(f'{path}: the header is missing, {rule}; got {header}')
    lower = [name.lower() for name in header]
    if lower[1:] == [_LABELS]:
        return [header[0], _LABELS]
    if _LABELS in lower[1:]:
        raise DataError(
            f'{path}: a file with a column `{_LABELS}` must have the image '
            f'and these, no further columns; got {header}'
        )
    return header


def _csv_cells(path: Path, reader, width: int) -> Iterator:
    """Yield (where, cells) of the rows that are not blank."""
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f'{path}:{reader.line_num}'
        if len(cells) != width:
            raise DataError(
                f'{where}: {len(cells)} columns, the header has {width}. Put '
                'a cell that holds the separator of columns in quotes; '
                'several names of one image are written "dog;sofa" or '
                'dog|sofa'
            )
        yield where, cells


def _row_names(where: str, header: list[str], row: list[str]) -> list[str]:
    if header[1:] == [_LABELS]:
        text = row[1]
        for separator in SEPARATORS:
            text = text.replace(separator, '\n')
        return text.splitlines()
    names = []
    for name, cell in zip(header[1:], row[1:], strict=True):
        present = BINARY_WORDS.get(cell.strip().lower())
        if present is None:
            raise DataError(
                f'{where}: column {name!r} must hold 0 or 1, got {cell!r}; '
                f'a column of names is called `{_LABELS}`'
            )
        names += [name] if present else []
    return names


def _read_json(path: Path) -> LabelTable:
    """Read a JSON object; its keys are kept apart, equal ones too."""
    content = json.loads(_text(path), object_pairs_hook=tuple)
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
