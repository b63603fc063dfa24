"""Weak labels of a list's images, with a fault an image where they break."""

from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
)
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.weak_labels import ClassNames, check_columns
from projects.amr.errors import DataError
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
    foreground_names,
)


@dataclass(frozen=True)
class FoundLabels:
    """Weak label of one image.

    Args:
        names (frozenset[str]): Classes.
        difficult_only (frozenset[str]): Those of them that come from objects
            marked difficult alone. Defaults to none.
    """

    names: frozenset[str]
    difficult_only: frozenset[str] = frozenset()


class LabelFile:
    """A label file, each of whose rows may break a rule of its own.

    Args:
        path (Path): CSV or JSON.
        classes (tuple[str, ...]): Names by label, background first.

    Raises:
        DataError: If the file as a whole breaks a rule.
    """

    def __init__(self, path: Path, classes: tuple[str, ...]):
        self.path = path
        self._names = ClassNames(foreground_names(classes))
        table = read_label_table(path)
        check_columns(path, table, self._names)
        self._rows: dict[str, list] = {}
        for row in table.rows:
            image = strip_image_suffix(row.image)
            self._rows.setdefault(image, []).append(row)

    def labels(self, image_id: str) -> FoundLabels:
        """Labels of an image.

        Raises:
            DataError: If it has no row, several, or an unknown class.
        """
        rows = self._rows.get(same_text(image_id), [])
        if not rows:
            raise DataError(f'{self.path} has no row for {image_id!r}')
        if len(rows) > 1:
            where = ', '.join(row.where for row in rows)
            raise DataError(f'{where}: image {image_id!r} occurs twice')
        for name in rows[0].names:
            self._names.index(name, rows[0].where)
        return FoundLabels(frozenset(rows[0].names))


def annotation_labels(
    path: Path, facts: dict, classes: tuple[str, ...], difficult: bool
) -> FoundLabels:
    """Labels of an annotation.

    Args:
        path (Path): The file, for the message.
        facts (dict): See ``annotation_facts``.
        classes (tuple[str, ...]): Names by label, background first.
        difficult (bool): Whether objects marked difficult count.

    Returns:
        FoundLabels: The labels.

    Raises:
        DataError: If a class is unknown.
    """
    names = ClassNames(foreground_names(classes))
    for name, _ in facts['objects']:
        names.index(name, str(path))
    plain = frozenset(name for name, hard in facts['objects'] if not hard)
    every = frozenset(name for name, _ in facts['objects'])
    return FoundLabels(every if difficult else plain, every - plain)


def mask_labels(facts: dict, classes: tuple[str, ...]) -> FoundLabels:
    """Labels of a mask whose values were checked.

    Args:
        facts (dict): See ``mask_facts``.
        classes (tuple[str, ...]): Names by label, background first.

    Returns:
        FoundLabels: The labels.
    """
    values = {int(value) for value in facts['counts']}
    values -= {BACKGROUND_LABEL, IGNORE_LABEL}
    return FoundLabels(frozenset(classes[value] for value in values))
