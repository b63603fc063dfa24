"""A table as Markdown, JSON and picture."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.visualization.ablation_plot import Panel, ablation_png
from projects.amr.workflow.ablation.results import (
    MAIN,
    METRICS,
    Line,
    best_line,
    paired_difference,
    spread,
)
from projects.amr.workflow.ablation.spec import Table

PUBLISHED_ON = 'PASCAL VOC 2012 train'
# The measure of the plot, and the one that tells why on ToyVOC.
_PANELS = {
    MAIN: 'mIoU at the best threshold, %',
    'body_recall_best': 'body recall at the best threshold, %',
}
_DIGITS = {'correlation': 2}


def markdown_table(table: Table, lines: Sequence[Line]) -> str:
    """Write lines as a Markdown table, mean ± deviation.

    Args:
        table (Table): What the lines are of.
        lines (Sequence[Line]): From :func:`lines_of`.

    Returns:
        str: Title, table and notes on how to read it.
    """
    named = bool(table.name)
    quoted = any(line.row.published for line in lines)
    heads = [*(['row'] if named else []), 'config', 'map', 'seeds']
    shown = [
        key
        for key in METRICS
        if key != 'correlation' or any(x.values.get(key) for x in lines)
    ]
    heads += [*(METRICS[key] for key in shown), 'against the first row']
    if quoted:
        other = ', not comparable' if table.toy else ''
        heads.append(f'published (VOC 2012 train{other})')
    text = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    best, total = best_line(lines), len(_seeds(lines))
    for line in lines:
        cells = [line.row.name] if named else []
        cells += [line.row.experiment.stem, line.map, _count(line, total)]
        cells += [
            _figure(*line.spread(key), digits=_DIGITS.get(key, 1))
            for key in shown
        ]
        cells.append(_difference(line, lines))
        if quoted:
            record = line.row.published if line.final else None
            cells.append(f'{record.value:.1f}' if record else '-')
        if line is best:
            for index in (0, heads.index(METRICS[MAIN])):
                cells[index] = f'**{cells[index]}**'
        text.append('| ' + ' | '.join(cells) + ' |')
    title = [f'## {table.title}', ''] if named else []
    return '\n'.join([*title, *text, '', *_notes(table, lines)])


def table_record(table: Table, lines: Sequence[Line]) -> dict:
    """All of a table, values per seed included, as JSON takes it.

    Args:
        table (Table): What the lines are of.
        lines (Sequence[Line]): From :func:`lines_of`.

    Returns:
        dict: Percentages, correlations; None where there is no figure.
    """
    best = best_line(lines)
    return {
        'table': table.name,
        'title': table.title,
        'toy': table.toy,
        'seeds': _seeds(lines),
        'lines': [
            {
                'row': line.row.name,
                'config': line.row.experiment.stem,
                'map': line.map,
                'final': line.final,
                'best': line is best,
                'ceiling': line.ceiling,
                'seeds': list(line.seeds),
                'metrics': {
                    key: _statistics(line.values.get(key, {}), line.seeds)
                    for key in METRICS
                },
                'against_first_row': _statistics(
                    paired_difference(line, _reference(lines))
                ),
                'published': _published(line),
            }
            for line in lines
        ],
    }


def write_table(table: Table, lines: Sequence[Line], folder: Path) -> Path:
    """Write a table's ``.md``, ``.json`` and ``.png``.

    Args:
        table (Table): What the lines are of.
        lines (Sequence[Line]): From :func:`lines_of`.
        folder (Path): Gets ``<table.stem>.*``.

    Returns:
        Path: The Markdown file.
    """
    path = folder / f'{table.stem}.md'
    record = json.dumps(table_record(table, lines), indent=1, allow_nan=False)
    for suffix, content in (
        ('.md', markdown_table(table, lines).encode() + b'\n'),
        ('.json', record.encode()),
        ('.png', draw_table(table, lines)),
    ):
        with atomic_write(path.with_suffix(suffix)) as file:
            file.write(content)
    return path


def draw_table(table: Table, lines: Sequence[Line]) -> bytes:
    """Draw the final map of each row.

    Args:
        table (Table): What the lines are of.
        lines (Sequence[Line]): From :func:`lines_of`.

    Returns:
        bytes: PNG. Published figures are drawn only where they can be
        compared.
    """
    shown = [line for line in lines if line.final and not line.ceiling]
    top = next((x for x in lines if x.ceiling and x.final and x.seeds), None)
    records = [line.row.published for line in shown]
    panels = [
        Panel(
            label,
            [list(line.values.get(key, {}).values()) for line in shown],
            top.spread(key)[0] if top else None,
            [
                record.value
                if record and key == MAIN and not table.toy
                else None
                for record in records
            ],
        )
        for key, label in _PANELS.items()
        if key == MAIN or any(line.values.get(key) for line in shown)
    ]
    total = len(_seeds(lines))
    names = [
        line.row.name
        + ('' if len(line.seeds) == total else f' ({_count(line, total)})')
        for line in shown
    ]
    title = table.title + (' (ToyVOC)' if table.toy else '')
    return ablation_png(names, panels, title)


def _notes(table: Table, lines: Sequence[Line]) -> list[str]:
    """How to read the table."""
    seeds = ', '.join(map(str, _seeds(lines))) or 'none'
    notes = [
        'Percent; mean ± sample standard deviation over training seeds '
        f'({seeds}). mIoU "fixed" is at the config\'s background threshold, '
        '"best" at the one that is best on these images. "Against the first '
        'row": mIoU best minus that of the first row with the same seed. '
        'Bold: highest mIoU best among the rows with most seeds.'
    ]
    if any(line.ceiling for line in lines):
        notes[0] += ' The ceiling is no method and takes no part in that.'
    if any(line.values.get('correlation') for line in lines):
        notes[0] += (
            " Correlation: of the two branches' maps, 1 where they are one."
        )
    records = [line.row.published for line in lines if line.row.published]
    if records:
        tables = sorted({record.table for record in records})
        source = f'{records[0].paper} {records[0].year}, {", ".join(tables)}'
        notes.append(
            f'Published: {source}, on {PUBLISHED_ON}'
            + (
                '; ToyVOC is another set, so these are NOT to be compared '
                'with the figures beside them.'
                if table.toy
                else '.'
            )
        )
    return notes


def _seeds(lines: Sequence[Line]) -> list[int]:
    """Seeds that any line has."""
    return sorted({seed for line in lines for seed in line.seeds})


def _count(line: Line, total: int) -> str:
    """Number of seeds of a line, of how many."""
    count = len(line.seeds)
    return str(count) if count == total else f'{count} of {total}'


def _reference(lines: Sequence[Line]) -> Line:
    """The final map of the first row."""
    return next(x for x in lines if x.final and x.row is lines[0].row)


def _difference(line: Line, lines: Sequence[Line]) -> str:
    """Paired difference to the first row in words."""
    reference = _reference(lines)
    if line is reference:
        return '-'
    values = paired_difference(line, reference)
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


def _statistics(values: dict[int, float], seeds=None) -> dict:
    """Values by seed with mean and deviation."""
    whole = seeds is None or set(values) == set(seeds)
    mean, deviation = (
        None if math.isnan(value) else value
        for value in spread(values.values() if whole else ())
    )
    by_seed = {str(seed): value for seed, value in values.items()}
    return {'mean': mean, 'deviation': deviation, 'values': by_seed}


def _published(line: Line) -> dict | None:
    """The published figure of a row, with its source."""
    record = line.row.published
    if record is None or not line.final:
        return None
    return {
        'value': record.value,
        'method': record.method,
        'source': f'{record.paper} {record.year}, {record.table}',
        'dataset': PUBLISHED_ON,
    }
