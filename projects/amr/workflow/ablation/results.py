"""Test summaries of runs, and what they say over seeds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from projects.amr.errors import UserError
from projects.amr.workflow.ablation.spec import Experiment, Row, Table

SUMMARY = 'test_summary.json'
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
Results = Mapping[str, Mapping[int, dict]]


@dataclass(frozen=True)
class Line:
    """One map of one row: its figures by metric and seed.

    Args:
        row (Row): The row.
        map (str): Name of the map; '-' where nothing was run.
        final (bool): Whether the row is judged by this map.
        seeds (tuple[int, ...]): Seeds that were run.
        values (dict[str, dict[int, float]]): Figures by metric and seed, in
            percent but for the correlation. Defaults to none.
        ceiling (bool): Whether this is what the set allows, not a method.
            Defaults to False.
    """

    row: Row
    map: str
    final: bool
    seeds: tuple[int, ...]
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    ceiling: bool = False

    def spread(self, metric: str) -> tuple[float, float]:
        """Mean and sample standard deviation, nan where not all seeds have it.

        Args:
            metric (str): Key of ``METRICS``.

        Returns:
            tuple[float, float]: The deviation of one seed is nan.
        """
        values = self.values.get(metric, {})
        whole = set(values) == set(self.seeds)
        return spread(values.values()) if whole else spread(())


def spread(values: Iterable[float]) -> tuple[float, float]:
    """Mean and sample standard deviation.

    Args:
        values (Iterable[float]): Any number of values.

    Returns:
        tuple[float, float]: nan where there are too few.

    Example:
        >>> spread([1.0, 3.0])
        (2.0, 1.4142135623730951)
        >>> spread([1.0])
        (1.0, nan)
    """
    values = list(values)
    mean = float(np.mean(values)) if values else float('nan')
    deviation = np.std(values, ddof=1) if len(values) > 1 else float('nan')
    return mean, float(deviation)


def collect(
    experiments: Iterable[Experiment],
    work_dir: Path,
    seeds: Sequence[int] | None = None,
) -> dict[str, dict[int, dict]]:
    """Read the test summaries that are there.

    Args:
        experiments (Iterable[Experiment]): Whose runs.
        work_dir (Path): With ``<config stem>/seed<k>/test_summary.json``.
        seeds (Sequence[int], optional): Which seeds. Defaults to None: all
            that are found.

    Returns:
        dict[str, dict[int, dict]]: By config stem and seed, in order.

    Raises:
        UserError: If a summary cannot be read.
    """
    found = {}
    for experiment in experiments:
        folder = work_dir / experiment.stem
        paths = {
            int(path.parent.name.removeprefix('seed')): path
            for path in folder.glob(f'seed*/{SUMMARY}')
            if path.parent.name.removeprefix('seed').isdecimal()
        }
        found[experiment.stem] = {
            seed: _read(paths[seed])
            for seed in sorted(paths)
            if seeds is None or seed in seeds
        }
    return found


def lines_of(table: Table, results: Results) -> list[Line]:
    """One line a row and map; the ceiling last, if it was run.

    Args:
        table (Table): Its rows.
        results (dict[str, dict[int, dict]]): From :func:`collect`.

    Returns:
        list[Line]: In the table's order. A row without results has one line
        without figures.
    """
    lines = []
    for row in table.rows:
        ceiling = _is_ceiling(row, table)
        lines += _lines(row, results.get(row.experiment.stem, {}), ceiling)
    if table.ceiling and not any(line.ceiling for line in lines):
        found = results.get(table.ceiling.experiment.stem)
        if found:
            lines += _lines(table.ceiling, found, True)
    return lines


def paired_difference(line: Line, first: Line) -> dict[int, float]:
    """How much better a line is than the first one with the same seed.

    Args:
        line (Line): A line.
        first (Line): What it is compared with.

    Returns:
        dict[int, float]: Differences of the mIoU at the best threshold, by
        seeds that both have.
    """
    a, b = (side.values.get(MAIN, {}) for side in (line, first))
    return {seed: a[seed] - b[seed] for seed in a if seed in b}


def best_line(lines: Sequence[Line]) -> Line | None:
    """The line with the highest mean at the best threshold.

    Args:
        lines (Sequence[Line]): Of a table. Final maps count, of rows that
            have as many seeds as any; the ceiling does not.

    Returns:
        Line | None: None where fewer than two can be compared.
    """
    ranked = [x for x in lines if x.final and not x.ceiling and x.seeds]
    most = max((len(x.seeds) for x in ranked), default=0)
    ranked = [
        x
        for x in ranked
        if len(x.seeds) == most and not np.isnan(x.spread(MAIN)[0])
    ]
    if len(ranked) < 2:
        return None
    return max(ranked, key=lambda x: x.spread(MAIN)[0])


def _is_ceiling(row: Row, table: Table) -> bool:
    """Whether a row of the table is its ceiling."""
    return bool(table.ceiling) and row.experiment == table.ceiling.experiment


def _lines(row: Row, summaries: Mapping[int, dict], ceiling: bool) -> list:
    """Lines of one row."""
    seeds = tuple(summaries)
    if not seeds:
        return [Line(row, '-', True, (), ceiling=ceiling)]
    metrics = {seed: s['metrics'] for seed, s in summaries.items()}
    prefix = _prefix(metrics[seeds[0]])
    names = _map_names(metrics[seeds[0]], prefix)
    final = _final_map(metrics[seeds[0]], prefix, names)
    lines = []
    for name in names:
        values = {}
        for key in METRICS:
            full = f'{prefix}/{name}/{key}' if name else f'{prefix}/{key}'
            full = _OF_ROW.get(key, full)
            values[key] = {s: m[full] for s, m in metrics.items() if full in m}
        is_final = name == final
        lines.append(
            Line(row, name or prefix, is_final, seeds, values, ceiling)
        )
    return lines


def _map_names(metrics: dict, prefix: str) -> list[str]:
    """Maps of a classifier by its metric keys; [''] for a single one.

    AMR's come in the paper's order, others behind them by name.
    """
    parts = [key.split('/') for key in metrics]
    names = {p[1] for p in parts if len(p) == 3 and p[0] == prefix}
    known = [name for name in _MAPS if name in names]
    return [*known, *sorted(names - set(known))] or ['']


def _prefix(metrics: dict) -> str:
    """``cam`` of a classifier, ``pseudo`` of an affinity network."""
    return 'pseudo' if f'pseudo/{MAIN}' in metrics else 'cam'


def _final_map(metrics: dict, prefix: str, names: list[str]) -> str:
    """The map whose figures stand without its name; else the last."""
    value = metrics.get(f'{prefix}/{MAIN}')
    for name in reversed(names):
        if name and metrics.get(f'{prefix}/{name}/{MAIN}') == value:
            return name
    return names[-1]


def _read(path: Path) -> dict:
    """Read a test summary."""
    try:
        summary = json.loads(path.read_text(encoding='utf-8'))
        return {**summary, 'metrics': dict(summary['metrics'])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f'{path} is no test summary ({error}): remove it and test again'
        ) from None
