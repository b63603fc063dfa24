"""Where image-level labels come from: XML, a label file, or masks.

The rule for objects that VOC marks as *difficult*: they count by default,
as in the label lists that weakly supervised methods publish (mmpretrain's VOC
dataset does not count them).
"""

from pathlib import Path

import numpy as np

from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
)
from projects.amr.datasets.labels.label_file import (
    LabelTable,
    read_label_table,
)
from projects.amr.datasets.labels.reading import load_grey, read_xml
from projects.amr.errors import DataError, did_you_mean
from projects.amr.structures.label_rules import check_labels
from projects.amr.structures.label_space import classes_in_mask

MAX_XML_BYTES = 10_000_000


class ClassNames:
    """Foreground class names, looked up; unknown ones are explained."""

    def __init__(self, names):
        self.names = tuple(names)
        self._index = {same_text(n): i for i, n in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str, where: str) -> int:
        """Class index of a name, from 0; ``where`` names its file.

        Raises DataError if the name is not in the class list.
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

    Raises DataError as :func:`annotated_objects`, or for an unknown class.
    """
    return {
        names.index(name, str(path))
        for name, difficult in annotated_objects(path)
        if include_difficult or not difficult
    }


def annotated_objects(path: str | Path) -> list[tuple[str, bool]]:
    """Objects of a VOC annotation: class name, and whether it is difficult.

    Raises DataError if the file is missing, larger than an annotation can be,
    or no plain XML.
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
    return [
        (
            (item.findtext('name') or '').strip(),
            (item.findtext('difficult') or '').strip() == '1',
        )
        for item in read_xml(path).iter('object')
    ]


def load_mask(
    path: str | Path, num_labels: int, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Read a mask, a palette or grey PNG: labels (H, W), uint8.

    Raises DataError if it is missing, no label map, of another ``size`` (H, W)
    than that of its image as it is loaded, or of other values than
    0..num_labels - 1 and 255.
    """
    labels = load_grey(path, size, 'mask')
    check_labels(path, labels, num_labels)
    return labels


def labels_from_mask(path: str | Path, names: ClassNames) -> set[int]:
    """Class indices that occur in a mask, see :func:`load_mask`."""
    return set(classes_in_mask(load_mask(path, len(names) + 1)).tolist())


def read_label_file(path: str | Path, names: ClassNames) -> dict:
    """Class indices by image id, in NFC, see :func:`read_label_table`.

    Raises DataError if the file or a row breaks a rule; rows are named.
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
