"""Where image-level labels come from: XML, a label file, or masks.

The rule for objects that VOC marks as *difficult*: they count by default,
as in the label lists that weakly supervised methods publish (mmpretrain's VOC
dataset does not count them).
"""

from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse

from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
)
from projects.amr.datasets.labels.label_file import (
    LabelTable,
    read_label_table,
)
from projects.amr.datasets.labels.mask_rules import load_mask
from projects.amr.errors import DataError, did_you_mean
from projects.amr.structures.label_space import classes_in_mask

MAX_XML_BYTES = 10_000_000


class ClassNames:
    """Looks class names up and explains the ones it does not know.

    Args:
        names (Sequence[str]): Foreground class names by class index.
    """

    def __init__(self, names):
        self.names = tuple(names)
        self._index = {same_text(n): i for i, n in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str, where: str) -> int:
        """Class index of a name, from 0; ``where`` names its file.

        Raises:
            DataError: If the name is not in the class list.
        """
        if same_text(name) in self._index:
            return self._index[same_text(name)]
        hint = did_you_mean(name.lower(), self.names, cutoff=0.5)
        raise DataError(
            f'{where}: unknown class {name!r}{hint}. The classes are: '
            f'{", ".join(self.names)}'
        )


def labels_from_xml(
    path: str | Path, names: ClassNames, include_difficult: bool = True
) -> set[int]:
    """Class indices of the objects in a VOC annotation.

    Raises:
        DataError: If the file is missing, no XML, or names no known class.
    """
    return {
        names.index(name, str(path))
        for name, difficult in annotated_objects(path)
        if include_difficult or not difficult
    }


def annotated_objects(path: str | Path) -> list[tuple[str, bool]]:
    """Objects of a VOC annotation: class name, and whether it is difficult.

    Entities are never expanded.

    Raises:
        DataError: If the file is missing, larger than an annotation can be,
            or no XML.
    """
    try:
        size = Path(path).stat().st_size
    except OSError:
        raise DataError(
            f'annotation not found: {path}. Weak labels come from it; set '
            "label_source='file' or 'mask' to take them from elsewhere"
        ) from None
    if size > MAX_XML_BYTES:
        raise DataError(
            f'{path} has more than {MAX_XML_BYTES:,} bytes; an annotation '
            'has a few thousand'
        )
    try:
        root = parse(str(path)).getroot()
    except (
        OSError,
        LookupError,  # an unknown encoding
        ParseError,
        DefusedXmlException,
        ValueError,
    ) as error:
        raise DataError(f'{path} is not a plain XML file ({error})') from None
    return [
        ((item.findtext('name') or '').strip(), _is_difficult(item))
        for item in root.iter('object')
    ]


def _is_difficult(item) -> bool:
    """Return whether an <object> is marked difficult."""
    return (item.findtext('difficult') or '0').strip() == '1'


def labels_from_mask(path: str | Path, names: ClassNames) -> set[int]:
    """Class indices that occur in a mask, a palette or grey PNG.

    Raises:
        DataError: If the mask is missing, unreadable, coloured, or has a
            value outside 0..K and 255.
    """
    try:
        mask = load_mask(path, len(names) + 1)
    except FileNotFoundError:
        raise DataError(f'mask not found: {path}') from None
    return set(classes_in_mask(mask).tolist())


def read_label_file(path: str | Path, names: ClassNames) -> dict:
    """Class indices by image id, in NFC, see :func:`read_label_table`.

    Raises:
        DataError: If the file or a row breaks a rule; rows are named.
    """
    table = read_label_table(path)
    check_columns(path, table, names)
    labels: dict[str, set[int]] = {}
    for row in table.rows:
        image = strip_image_suffix(row.image)
        if image in labels:
            raise DataError(f'{row.where}: image {image!r} occurs twice')
        labels[image] = {names.index(name, row.where) for name in row.names}
    return labels


def check_columns(path: str | Path, table: LabelTable, names) -> None:
    """Refuse a file of 0 and 1 that lacks a column of a class (DataError)."""
    found = {same_text(name) for name in table.columns or ()}
    missing = [n for n in names.names if same_text(n) not in found]
    if table.columns is not None and missing:
        raise DataError(
            f'{path}: {len(table.columns)} columns of classes, there must '
            f'be {len(names)}; missing: {", ".join(missing)}'
        )
