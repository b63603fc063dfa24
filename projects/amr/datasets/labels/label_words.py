"""Words in a label file that hardly are names of classes."""

import difflib
import re
from collections.abc import Mapping

from projects.amr.datasets.labels.label_file import BINARY_WORDS
from projects.amr.errors import DataError, list_faults

_NOTHING = frozenset(
    (
        *('none', 'nan', 'null', 'nil', 'na', 'n/a', '#n/a', 'n.a.', '<na>'),
        *('-', '--', '---', '–', '—', '?', '??', 'n.d.', 'nd', 'void'),
        *('empty', 'nothing', 'negative', 'no label', 'no labels'),
        *('nolabel', 'no_label', 'unlabeled', 'unlabelled', 'undefined'),
        *('no object', 'no objects', 'no class', 'missing', 'not labeled'),
    )
)
_GENERIC = frozenset(
    (
        *('label', 'labels', 'class', 'classes', 'class_name', 'classname'),
        *('category', 'categories', 'target', 'targets', 'tag', 'tags'),
        *('name', 'names', 'object', 'objects', 'annotation', 'annotations'),
        *('y', 'gt', 'value', 'label_id', 'class_id', 'labels_str'),
    )
)
_YES_NO = frozenset(
    (
        *BINARY_WORDS,
        *('y', 'n', 't', 'f', 'on', 'off', 'pos', 'neg', 'positive'),
        *('ja', 'nein', 'oui', 'non', 'si', 'sí', 'present', 'absent'),
    )
)
# What joins several names in one cell, against the rule.
_JOINTS = re.compile(r'[\s/+&]+')
# What the names of a series differ in: grade 1, grade 2a, type B.
_SERIES = re.compile(r'\d+[a-z]?|(?<=[\W_])[a-z]$', re.IGNORECASE)
_FORMS = (
    'Write either names, `image,labels` and rows such as a.jpg,dog;sofa (no '
    'label: a.jpg,), or a column a class, `image,dog,sofa` and rows such as '
    'a.jpg,1,0'
)
_GIVEN = 'a class list that has it (--classes, `classes` in own_data)'


def check_label_words(
    columns: tuple[str, ...] | None, seen: list[tuple[str, str]]
) -> None:
    """Refuse words that may mean something else than a class.

    Only for a label file that comes without a class list, which would say
    what is a class. ``columns`` are the header's names where the file has a
    column per class, ``seen`` all names with their places. Raises DataError if
    the labels are yes and no in a column of names, if a lone column of yes and
    no has no name of a class, or if a name stands for "no label", such as
    ``none``; rows are named.
    """
    if columns and len(columns) == 1 and columns[0].casefold() in _GENERIC:
        raise DataError(
            f'the column {columns[0]!r} holds 0 and 1 alone, and its name is '
            f'no class. {_FORMS}; or name {_GIVEN}'
        )
    names = {name.casefold() for name, _ in seen}
    if columns is None and names and names <= _YES_NO | _NOTHING:
        faults = [f'{where}: {name!r}' for name, where in seen]
        raise DataError(
            'labels are yes and no, not the names of classes:\n'
            f'{list_faults(faults)}\n{_FORMS}; or name {_GIVEN}'
        )
    doubtful = [
        f'{where}: {name!r}'
        for name, where in dict.fromkeys(seen)
        if name.casefold() in _NOTHING
    ]
    if doubtful:
        raise DataError(
            'labels that may mean "no label":\n'
            f'{list_faults(doubtful)}\nIf so, leave the cell empty (of '
            'columns: leave the column out) and choose with --no-label what '
            f'becomes of such photos. If it is a class, name {_GIVEN}'
        )


def doubtful_names(counts: Mapping[str, int]) -> list[str]:
    """Names that may be slips, as lines: made of several, or much like others.

    ``counts`` are images by class name. Of two names alike the rarer is
    doubted, if it has at most two images or a tenth of those of the other.
    Names of a series (``defect 1``, ``defect 2``) are no slips.

    Example:
        >>> doubtful_names({'sofa': 40, 'soffa': 1})
        ["'soffa' (1) is much like 'sofa' (40)"]
    """
    lines = []
    for name, count in sorted(counts.items()):
        words = [w for w in _JOINTS.split(name) if w not in ('', 'and')]
        if len(words) > 1 and all(word in counts for word in words):
            lines.append(
                f'{name!r} ({count}) looks like several names without a `;`'
            )
        lines += [
            f'{name!r} ({count}) is much like {twin!r} ({counts[twin]})'
            for twin in difflib.get_close_matches(name, counts, 2, cutoff=0.8)
            if _SERIES.sub('', name).strip() != _SERIES.sub('', twin).strip()
            and count <= max(2, counts[twin] / 10)
            and (count, name) < (counts[twin], twin)
        ]
    return lines
