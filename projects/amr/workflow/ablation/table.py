"""Tables of test summaries over seeds, as Markdown and CSV."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from projects.amr.datasets.labels.label_file import csv_text
from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.workflow.ablation.grid import SUMMARY
from projects.amr.workflow.ablation.spec import Experiment, Row, Table

METRICS = {
    'mIoU_fixed': 'mIoU fixed',
    'mIoU_best': 'mIoU best',
    'head_recall_best': 'head recall',
    'body_recall_best': 'body recall',
    'mAP': 'class. mAP',
    # Of the two branches' maps, not in percent.
    'correlation': 'correlation',
}
# Figures of a row, not of one of its maps, by where a summary has them.
_OF_ROW = {
    'mAP': 'classification/mAP',
    'correlation': 'agreement/correlation',
}
# Rows are compared by it, as in the field's CAM tables. A fixed threshold is a
# choice made for one kind of map.
MAIN = 'mIoU_best'
_MAPS = ('spotlight', 'compensation', 'weighted')
_DIGITS = {'correlation': 2}


@dataclass(frozen=True)
class Line:
    """One map of one row: its figures by metric and seed."""

    row: Row  # the row
    map: str  # name of the map; '-' where nothing was run
    final: bool  # whether the row is judged by this map
    seeds: tuple[int, ...]  # seeds that were run
    # Figures by metric and seed, in percent but for the correlation.
    values: dict[str, dict[int, float]] = field(default_factory=dict)

    def spread(self, metric: str) -> tuple[float, float]:
        """Mean and sample standard deviation of a metric.

        Both nan where a seed lacks it; the deviation of one seed is nan.
        """
        values = self.values.get(metric, {})
        return spread(values.values() if set(values) == {*self.seeds} else ())


def spread(values: Iterable[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; nan where there are too few.

    Example:
        >>> spread([1.0, 3.0])
        (2.0, 1.4142135623730951)
        >>> spread([1.0])
        (1.0, nan)
    """
    values = list(values)
    return (
        statistics.fmean(values) if values else math.nan,
        statistics.stdev(values) if len(values) > 1 else math.nan,
    )


def collect(
    experiments: Iterable[Experiment],
    work_dir: Path,
    seeds: Sequence[int] | None = None,
) -> dict[str, dict[int, dict]]:
    """Metrics of the test summaries that are there, by stem and seed.

    They are in ``<work_dir>/<config stem>/seed<k>/test_summary.json``; all
    seeds by default. Raises UserError if one cannot be read.
    """
    found = {}
    for experiment in experiments:
        paths = {
            int(path.parent.name.removeprefix('seed')): path
            for path in (work_dir / experiment.stem).glob(f'seed*/{SUMMARY}')
            if path.parent.name.removeprefix('seed').isdecimal()
        }
        found[experiment.stem] = {
            seed: _read(paths[seed])
            for seed in sorted(paths)
            if seeds is None or seed in seeds
        }
    return found


def lines_of(
    table: Table, results: Mapping[str, Mapping[int, dict]]
) -> list[Line]:
    """One line per row and map; a row without results has one, empty."""
    return [
        line
        for row in table.rows
        for line in _lines(row, results.get(row.experiment.stem, {}))
    ]


def paired_difference(line: Line, first: Line) -> dict[int, float]:
    """By common seeds: mIoU at the best threshold minus the first line's."""
    a, b = (side.values.get(MAIN, {}) for side in (line, first))
    return {seed: a[seed] - b[seed] for seed in a if seed in b}


def markdown_table(table: Table, lines: Sequence[Line]) -> str:
    """Title, table (mean ± deviation) and notes on how to read it."""
    named = bool(table.name)
    quoted = any(line.row.published for line in lines)
    shown = [
        key
        for key in METRICS
        if key != 'correlation' or any(x.values.get(key) for x in lines)
    ]
    heads = [*(['row'] if named else []), 'config', 'map', 'seeds']
    heads += [*(METRICS[key] for key in shown), 'against the first row']
    if quoted:
        other = ', not comparable' if table.toy else ''
        heads.append(f'published (VOC 2012 train{other})')
    text = [_cells(heads), '|' + '---|' * len(heads)]
    for line in lines:
        cells = [line.row.name] if named else []
        cells += [line.row.experiment.stem, line.map, _count(line, lines)]
        cells += [
            _figure(*line.spread(key), digits=_DIGITS.get(key, 1))
            for key in shown
        ]
        cells.append(_difference(line, lines))
        if quoted:
            record = line.row.published if line.final else None
            cells.append(f'{record.value:.1f}' if record else '-')
        text.append(_cells(cells))
    title = [f'## {table.title}', ''] if named else []
    return '\n'.join([*title, *text, '', *_notes(table, lines)])


def csv_table(lines: Sequence[Line]) -> str:
    """The values of each seed as CSV, a line per row, map and seed."""
    rows = (
        [
            *(line.row.name, line.row.experiment.stem, line.map, seed),
            *(line.values[key].get(seed, '') for key in METRICS),
        ]
        for line in lines
        for seed in line.seeds
    )
    return csv_text(['row', 'config', 'map', 'seed', *METRICS], rows)


def write_table(table: Table, lines: Sequence[Line], folder: Path) -> Path:
    """Write ``table_<name>.md`` and ``.csv``, or ``table.*`` of a list."""
    path = folder / (f'table_{table.name}.md' if table.name else 'table.md')
    write_file(path, markdown_table(table, lines) + '\n')
    write_file(path.with_suffix('.csv'), csv_table(lines))
    return path


def _lines(row: Row, metrics: Mapping[int, dict]) -> list[Line]:
    seeds = tuple(metrics)
    if not seeds:
        return [Line(row, '-', True, ())]
    first = metrics[seeds[0]]
    # An affinity network's figures are of pseudo labels.
    prefix = 'pseudo' if f'pseudo/{MAIN}' in first else 'cam'
    names = _map_names(first, prefix)
    final = _final_map(first, prefix, names)
    lines = []
    for name in names:
        values = {}
        for key in METRICS:
            full = f'{prefix}/{name}/{key}' if name else f'{prefix}/{key}'
            full = _OF_ROW.get(key, full)
            values[key] = {s: m[full] for s, m in metrics.items() if full in m}
        lines.append(Line(row, name or prefix, name == final, seeds, values))
    return lines


def _map_names(metrics: dict, prefix: str) -> list[str]:
    """Maps of a classifier by its metric keys; [''] for a single one.

    AMR's come in the paper's order, others behind them by name.
    """
    parts = [key.split('/') for key in metrics]
    names = {p[1] for p in parts if len(p) == 3 and p[0] == prefix}
    known = [name for name in _MAPS if name in names]
    return [*known, *sorted(names - set(known))] or ['']


def _final_map(metrics: dict, prefix: str, names: list[str]) -> str:
    """The map whose figures stand without its name; else the last."""
    value = metrics.get(f'{prefix}/{MAIN}')
    for name in reversed(names):
        if name and metrics.get(f'{prefix}/{name}/{MAIN}') == value:
            return name
    return names[-1]


def _read(path: Path) -> dict:
    try:
        return dict(json.loads(path.read_text(encoding='utf-8'))['metrics'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f'{path} is no test summary ({error}): remove it and test again'
        ) from None


def _notes(table: Table, lines: Sequence[Line]) -> list[str]:
    seeds = ', '.join(map(str, _seeds(lines))) or 'none'
    notes = [
        'Percent; mean ± sample standard deviation over training seeds '
        f'({seeds}). mIoU "fixed" is at the config\'s background threshold, '
        '"best" at the one that is best on these images. "Against the first '
        'row": mIoU best minus that of the first row with the same seed. '
        "Correlation: of the two branches' maps, 1 where they are one."
    ]
    records = [line.row.published for line in lines if line.row.published]
    if records:
        tables = ', '.join(sorted({record.table for record in records}))
        source = f'{records[0].paper} {records[0].year}, {tables}'
        other = (
            '; ToyVOC is another set, so these are NOT to be compared with '
            'the other figures.'
        )
        notes.append(
            f'Published: {source}, on PASCAL VOC 2012 train'
            f'{other if table.toy else "."}'
        )
    return notes


def _seeds(lines: Sequence[Line]) -> list[int]:
    return sorted({seed for line in lines for seed in line.seeds})


def _count(line: Line, lines: Sequence[Line]) -> str:
    """Number of seeds of a line, of how many."""
    count, total = len(line.seeds), len(_seeds(lines))
    return str(count) if count == total else f'{count} of {total}'


def _difference(line: Line, lines: Sequence[Line]) -> str:
    """Paired difference to the final map of the first row."""
    first = next(x for x in lines if x.final and x.row is lines[0].row)
    if line is first:
        return '-'
    values = paired_difference(line, first)
    text = _figure(*spread(values.values()), sign='+')
    partly = values and len(values) < len(line.seeds)
    return f'{text} ({len(values)} seeds)' if partly else text


def _figure(
    mean: float, deviation: float, sign: str = '', digits: int = 1
) -> str:
    """Mean ± deviation, '-' where there is none."""
    if math.isnan(mean):
        return '-'
    beside = '' if math.isnan(deviation) else f' ± {deviation:.{digits}f}'
    return f'{mean:{sign}.{digits}f}{beside}'


def _cells(cells: Iterable[str]) -> str:
    return f'| {" | ".join(cells)} |'
