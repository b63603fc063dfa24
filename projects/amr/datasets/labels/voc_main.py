"""VOC's ``ImageSets/Main``: lists of two columns, an id and a flag.

The flag says of the list's class: 1 the image has it, -1 it has not, 0 it has
difficult objects of it alone.
"""

import re
from pathlib import Path

from projects.amr.datasets.labels.reading import read_lines
from projects.amr.errors import DataError

_LINE = re.compile(r'(\S+)\s+(-1|0|1)')
_SURE = re.compile(r'\S+(\s+-1|\s\s+[01]|\t+[01])')


def flagged_ids(texts: list[str]) -> list[tuple[str, int]] | None:
    """Ids and flags of a list of Main in order; None for any other list.

    Names of own photos may end in a number (``scan 1``), so a list is one of
    Main only if every line has a flag, no id occurs twice, and at least one
    flag is -1 or set apart by two blanks or a tab, as VOC writes it.

    Example:
        >>> flagged_ids(['2008_000008 -1', '2008_000015  1'])
        [('2008_000008', -1), ('2008_000015', 1)]
        >>> flagged_ids(['scan 0', 'scan 1']) is None
        True
    """
    matches = [_LINE.fullmatch(text) for text in texts]
    if not all(matches) or not any(map(_SURE.fullmatch, texts)):
        return None
    flags = {match[1]: int(match[2]) for match in matches}
    return list(flags.items()) if len(flags) == len(texts) else None


def read_main_labels(
    folder: str | Path,
    split: str,
    classes: tuple[str, ...],
    include_difficult: bool = True,
) -> dict[str, tuple[str, ...]]:
    """Weak labels of a split from its lists, ``<class>_<split>.txt``.

    Names by image id, in the order of ``classes`` (no background); may be
    empty. ``include_difficult`` says whether 0 counts as 1. Raises DataError
    if a list is missing, is not of two columns, or names other images than the
    first one.
    """
    labels: dict[str, list[str]] = {}
    for name in classes:
        path = Path(folder) / f'{name}_{split}.txt'
        flags = {}
        for number, line in read_lines(path):
            match = _LINE.fullmatch(line)
            if not match:
                raise DataError(
                    f'{path}:{number}: must be an id and -1, 0 or 1, got '
                    f'{line!r}'
                )
            flags[match[1]] = int(match[2])
        if labels and flags.keys() != labels.keys():
            other = sorted(flags.keys() ^ labels.keys())
            raise DataError(
                f'{path} and the list of {classes[0]!r} name different '
                f'images, such as {", ".join(other[:3])}'
            )
        for image_id, flag in flags.items():
            own = labels.setdefault(image_id, [])
            if flag == 1 or (flag == 0 and include_difficult):
                own.append(name)
    return {image_id: tuple(names) for image_id, names in labels.items()}
