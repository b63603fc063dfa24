"""Published mIoU on PASCAL VOC 2012: nothing here was run by us.

``published_results.csv`` has a line per number, in percent. ``cam`` and
``pseudo`` are scored on the 1,464 images of train; ``val`` and ``test`` are a
segmentor's scores. A number is the one printed in the source that its line
names: Table 1 of AMR lists most systems' scores as its authors cite them.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

METRICS = {
    'cam': 'CAM (train)',
    'pseudo': 'pseudo label (train)',
    'val': 'val',
    'test': 'test',
}
ABLATIONS = ('Table 3', 'Table 4', 'Table 5')


@dataclass(frozen=True)
class PublishedResult:
    """One published number."""

    method: str  # the system
    metric: str  # key of ``METRICS``
    value: float  # mIoU in percent
    paper: str  # where it is printed
    year: int  # of that source
    table: str  # of that source; '' where none is noted
    supervision: str  # what the system learned from
    note: str  # segmentor, initialisation or setting


def _read() -> tuple[PublishedResult, ...]:
    """Read the data file."""
    path = Path(__file__).with_suffix('.csv')
    with path.open(encoding='utf-8', newline='') as file:
        return tuple(
            PublishedResult(
                **{
                    **row,
                    'value': float(row['value']),
                    'year': int(row['year']),
                }
            )
            for row in csv.DictReader(file)
        )


RESULTS = _read()


def published(
    metric: str | None = None,
    method: str | None = None,
    table: str | None = None,
) -> tuple[PublishedResult, ...]:
    """Published numbers that fit; ``table`` is one of the AMR paper.

    Raises:
        KeyError: If there is no such metric.

    Example:
        >>> [r.value for r in published('cam', 'AMR', 'Table 2')]
        [56.8]
    """
    if metric is not None and metric not in METRICS:
        raise KeyError(f'metric {metric!r}: must be one of {list(METRICS)}')
    return tuple(
        result
        for result in RESULTS
        if metric in (None, result.metric)
        and method in (None, result.method)
        and table in (None, result.table)
    )


class ComparisonRow(NamedTuple):
    """Published figures of one system (or one setting of it)."""

    method: str
    values: dict[str, float]  # by metric, those that are published
    notes: tuple[str, ...]  # settings, without repetition
    sources: tuple[str, ...]  # without repetition


def comparison(methods: Sequence[str] | None = None) -> list[ComparisonRow]:
    """One row a system, over the four metrics; ablations left out.

    A system of which one metric is published more than once (other
    initialisation, say) has a row for each setting.

    Raises:
        KeyError: If nothing is published here about a method.
    """
    found = [r for r in RESULTS if r.table not in ABLATIONS]
    if methods is None:
        methods = list(dict.fromkeys(r.method for r in found))
    rows = []
    for method in methods:
        records = [r for r in found if r.method == method]
        if not records:
            raise KeyError(f'no published result of {method!r}')
        rows += [
            ComparisonRow(
                method,
                {r.metric: r.value for r in part},
                tuple(dict.fromkeys(r.note for r in part if r.note)),
                _sources(part),
            )
            for part in _settings(records)
        ]
    return rows


def _settings(records: list[PublishedResult]) -> list[list]:
    """Split a system's records so that no part has a metric twice."""
    first: dict[str, PublishedResult] = {}
    others: dict[tuple, list[PublishedResult]] = {}
    for record in records:
        same = first.setdefault(record.metric, record)
        if same.value != record.value:
            setting = (record.paper, record.note)
            others.setdefault(setting, []).append(record)
    return [list(first.values()), *others.values()]


def _sources(records: list[PublishedResult]) -> tuple[str, ...]:
    """Papers with their tables, each once."""
    tables: dict[str, set[str]] = {}
    for record in records:
        names = tables.setdefault(f'{record.paper} {record.year}', set())
        names |= {record.table} - {''}
    return tuple(
        ', '.join([paper, *([' and '.join(sorted(names))] if names else [])])
        for paper, names in tables.items()
    )
