"""Class lists of own data: a text file, one name a line, background first."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmseg.datasets import PascalVOCDataset

from projects.amr.datasets.images.image_ids import same_text
from projects.amr.datasets.labels.label_file import (
    SEPARATORS,
    LabelTable,
    write_label_table,
)
from projects.amr.datasets.labels.label_words import check_label_words
from projects.amr.datasets.labels.reading import read_json, read_lines
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import write_lines, writing
from projects.amr.structures.label_space import IGNORE_LABEL

BACKGROUND = 'background'
CLASS_FILE = 'classes.txt'
TOY_MANIFEST = 'toyvoc.json'


def check_class_names(
    names: Iterable[tuple[str, str]], source: str | Path = 'the labels'
) -> None:
    """Refuse foreground class names that are ambiguous or unwritable.

    Each of ``names`` comes with the file and line it was seen in, and may
    occur again. Raises DataError if there is none or more than 254 (a fault of
    ``source``), if two differ only by case or spaces, or if one is empty, the
    background's or holds a separator; each is named with its line.
    """
    first: dict[str, str] = {}
    folded: dict[str, str] = {}
    faults = []
    for name, where in names:
        if name in first:
            continue
        first[name] = where
        rule = _broken_rule(name)
        if rule:
            faults.append(f'{where}: {name!r} {rule}')
        twin = folded.setdefault(_fold(name), name)
        if twin != name:
            faults.append(
                f'{where}: {name!r} differs from {twin!r} ({first[twin]}) '
                'only by case or spaces'
            )
    if faults:
        raise DataError(f'class names break a rule:\n{list_faults(faults)}')
    if not 0 < len(first) < IGNORE_LABEL:
        raise DataError(
            f'{source} must name 1 to {IGNORE_LABEL - 1} classes beside the '
            f'background, got {len(first)}'
        )


def read_class_file(path: str | Path) -> tuple[str, ...]:
    """Read a class list: names by label, in NFC, background first.

    A text file, see :func:`read_lines`, one name per line, the first
    ``background``; or a toy set's ``toyvoc.json``. Raises DataError if the
    file cannot be read or a name breaks a rule.
    """
    path = Path(path)
    if path.name == TOY_MANIFEST:
        return _toy_classes(path)
    lines = [
        (same_text(line), f'{path}:{number}')
        for number, line in read_lines(path)
    ]
    if not lines or lines[0][0] != BACKGROUND:
        raise DataError(f'the first line of {path} must be {BACKGROUND!r}')
    _refuse_doubled(lines)
    check_class_names(lines[1:], path)
    return tuple(name for name, _ in lines)


def folder_classes(root: str | Path) -> tuple[str, ...]:
    """Class names of a devkit folder by label, background first.

    They are those of its ``classes.txt`` (own data), of its ``toyvoc.json``,
    or VOC's. Raises DataError if the file breaks a rule.
    """
    for name in (CLASS_FILE, TOY_MANIFEST):
        if Path(root, name).is_file():
            return read_class_file(Path(root, name))
    return tuple(PascalVOCDataset.METAINFO['classes'])


def _toy_classes(path: Path) -> tuple[str, ...]:
    """Class names of a toy set's manifest, background first."""
    content = read_json(path)
    try:
        names = tuple(map(str, content['classes']))
    except (KeyError, TypeError) as error:
        raise DataError(
            f'{path} is no manifest of a toy set ({error!r}): make the set '
            'again'
        ) from None
    return names if names[:1] == (BACKGROUND,) else (BACKGROUND, *names)


def find_classes(
    table: LabelTable, given: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Class list of a label file: names by label, background first.

    They are those ``given`` by a file of the user, background first; else the
    header's in their order where the file has one column per class, else all
    names, sorted. Raises DataError if a name breaks a rule, see
    :func:`check_class_names`, is not among the given ones or, where none are
    given, holds a comma and is not of a header (`dog, sofa` would be one
    class), or as :func:`check_label_words`.
    """
    seen = [(name, 'header') for name in table.columns or ()]
    _refuse_doubled(seen)
    seen += [(name, row.where) for row in table.rows for name in row.names]
    if given is not None:
        check_class_names([*((n, 'class list') for n in given[1:]), *seen])
        unknown = [
            f'{where}: {name!r}' for name, where in seen if name not in given
        ]
        if unknown:
            raise DataError(
                'labels that are not in the class list '
                f'({", ".join(given[1:])}):\n{list_faults(unknown)}'
            )
        return given
    check_label_words(table.columns, seen)
    check_class_names(seen)
    commas = [f'{where}: {name!r}' for name, where in seen if ',' in name]
    if commas and table.columns is None:
        raise DataError(
            'labels hold a comma, which separates no names; write dog;sofa or '
            'dog|sofa, or name a class list (--classes, `classes` in '
            f'own_data) that has them:\n{list_faults(commas)}'
        )
    if table.columns is not None:
        return (BACKGROUND, *table.columns)
    return (BACKGROUND, *sorted({name for name, _ in seen}))


def one_sided_classes(counts: Mapping[str, int], total: int) -> list[str]:
    """Name the classes that all training images have, or none.

    A classifier learns a class from images with it and images without it.
    One that all images have gets a score of 1 everywhere, and its CAM need
    not be on the object. ``counts`` are training images by class, of
    ``total``, those without a label included.

    Example:
        >>> one_sided_classes({'dog': 3, 'cat': 1}, 3)[0].split(':')[0]
        "'dog' is in all 3 training images"
    """
    return [
        f'{name!r} is in all {total:,} training images: a classifier cannot '
        'learn what it is not. Add images without it; where nothing else is '
        "in them, with an empty label and no_label='keep' (--no-label keep)"
        if count
        else f'{name!r} is in no training image'
        for name, count in counts.items()
        if total and count in (0, total)
    ]


def _refuse_doubled(lines: list[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for name, where in lines:
        if name in first:
            raise DataError(
                f'{where}: class {name!r} is listed twice ({first[name]})'
            )
        first[name] = where


def _fold(name: str) -> str:
    """Stem that names which look alike have in common."""
    return ''.join(name.casefold().split())


def _broken_rule(name: str) -> str | None:
    if not name:
        return 'is empty'
    if _fold(name) == BACKGROUND:
        return 'is the name of what has no label'
    if not name.isprintable() or any(char in name for char in SEPARATORS):
        return f'holds one of {SEPARATORS!r} or a control character'
    return None


def write_labels_and_classes(
    path: str | Path,
    images: Mapping[str, Iterable[str]],
    classes: Iterable[str],
) -> Path:
    """Write a label file, ``.csv``, and its class list; returns that's path.

    ``images`` are labels by image, ``classes`` the foreground's in order.
    Raises UserError as :func:`write_label_table`.
    """
    write_label_table(path, images.items())
    target = Path(path).with_suffix('.classes.txt')
    with writing(target):
        write_lines(target, (BACKGROUND, *classes))
    return target
