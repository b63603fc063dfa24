"""Grids of configs and seeds, and the tables made from them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from projects.amr.engine.fingerprint import config_digest
from projects.amr.engine.launch import read_config
from projects.amr.engine.progress import Reporter
from projects.amr.engine.resume import last_checkpoint
from projects.amr.engine.tool_process import call_tool
from projects.amr.structures import published

SUMMARY = 'test_summary.json'
RUN_KEY = 'run.json'
COLUMNS = {
    'mIoU_fixed': 'mIoU fixed',
    'mIoU_best': 'mIoU best',
    'head_recall_best': 'head recall',
    'body_recall_best': 'body recall',
}


def run_grid(
    configs: Sequence[Path],
    seeds: Sequence[int],
    work_dir: Path,
    train_options: Sequence[str] = (),
    test_options: Sequence[str] = (),
    cfg_options: Sequence[str] = (),
    made_from: str = '',
    reporter: Reporter | None = None,
) -> dict[str, list[dict]]:
    """Train and test every config with every seed, each in its process.

    A finished run of the same config is kept; an interrupted one continues
    from its last checkpoint; one of a changed config starts anew.

    Args:
        configs (Sequence[Path]): Config files.
        seeds (Sequence[int]): Training seeds.
        work_dir (Path): Runs go to ``<work_dir>/<config stem>/seed<k>``.
        train_options (Sequence[str]): Further flags of tools/train.py.
            Defaults to ().
        test_options (Sequence[str]): Further flags of tools/test.py, in
            which ``{folder}`` stands for the run's folder. Defaults to ().
        cfg_options (Sequence[str]): ``key=value`` overrides of all configs.
            Defaults to ().
        made_from (str): Digest of inputs that configs only name (seeds of
            an earlier stage, say); another one starts the runs anew.
            Defaults to ''.
        reporter (Reporter, optional): Tells the progress. Defaults to one
            on standard output.

    Returns:
        dict[str, list[dict]]: Test summaries by config stem, one a seed.

    Raises:
        UserError: If a process fails; the message names its log.
    """
    reporter = reporter or Reporter()
    jobs = [(config, seed) for seed in seeds for config in configs]
    results: dict[str, list[dict]] = {config.stem: [] for config in configs}
    for number, (config, seed) in enumerate(jobs, 1):
        folder = work_dir / config.stem / f'seed{seed}'
        reporter.step(f'[{number}/{len(jobs)}] {config.stem}, seed {seed}')
        _prepare(folder, config, [seed, sorted(cfg_options), made_from])
        if not (folder / SUMMARY).is_file():
            _train_and_test(
                config,
                folder,
                [*cfg_options, f'randomness.seed={seed}'],
                train_options,
                test_options,
                reporter,
            )
        results[config.stem].append(json.loads((folder / SUMMARY).read_text()))
    return results


def _prepare(folder: Path, config: Path, more: list) -> None:
    """Empty a folder that belongs to another config."""
    resolved = read_config(config).to_dict()
    key = config_digest([resolved, more])
    path = folder / RUN_KEY
    if not (path.is_file() and json.loads(path.read_text())['key'] == key):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with published(path) as file:
            file.write(json.dumps({'key': key}).encode())


def _train_and_test(
    config, folder, options, train_options, test_options, reporter
):
    """Run the two tools of one grid point."""
    common = ['--work-dir', folder, '--cfg-options', *options]
    resume = ['--resume'] if last_checkpoint(folder) else []
    train = [config, *train_options, *resume, *common]
    call_tool('train.py', train, folder / 'train.log', reporter)
    extra = [option.format(folder=folder) for option in test_options]
    test = [config, last_checkpoint(folder), *extra, *common]
    call_tool('test.py', test, folder / 'test.log', reporter)


def collect_rows(results: dict[str, list[dict]]) -> list[dict]:
    """Mean and deviation over seeds, one row per config and map.

    Args:
        results (dict[str, list[dict]]): From :func:`run_grid`.

    Returns:
        list[dict]: With ``config``, ``map``, ``seeds`` and, per metric, a
        pair (mean, sample standard deviation) in percent; the deviation of
        one seed is nan.
    """
    rows = []
    for stem, summaries in results.items():
        metrics = [summary['metrics'] for summary in summaries]
        for name in _map_names(metrics[0]):
            prefix = _metric_prefix(metrics[0])
            row = {
                'config': stem,
                'map': name or prefix[:-1],
                'seeds': [summary['seed'] for summary in summaries],
            }
            for key in COLUMNS:
                full = f'{prefix}{name}/{key}' if name else prefix + key
                row[key] = _spread([m.get(full) for m in metrics])
            key = 'classification/mAP'
            row['mAP'] = _spread([m.get(key) for m in metrics])
            rows.append(row)
    return rows


def _map_names(metrics: dict) -> list[str]:
    """Maps of a classifier by its metric keys; '' for a single one."""
    names = {key.split('/')[1] for key in metrics if key.count('/') == 2}
    order = ('spotlight', 'compensation', 'weighted')
    return sorted(names, key=order.index) if names else ['']


def _metric_prefix(metrics: dict) -> str:
    """``cam/`` of a classifier, ``pseudo/`` of an affinity network."""
    return 'pseudo/' if 'pseudo/mIoU_fixed' in metrics else 'cam/'


def _spread(values: list) -> tuple[float, float]:
    """Mean and sample standard deviation."""
    if any(value is None for value in values):
        return float('nan'), float('nan')
    deviation = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(deviation)


def markdown_table(rows: list[dict]) -> str:
    """Write rows as a Markdown table, mean ± deviation in percent.

    Args:
        rows (list[dict]): From :func:`collect_rows`.

    Returns:
        str: The table.
    """
    heads = ['config', 'map', *COLUMNS.values(), 'class. mAP']
    lines = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    for row in rows:
        cells = [row['config'], row['map']]
        for key in (*COLUMNS, 'mAP'):
            mean, deviation = row[key]
            spread = '' if np.isnan(deviation) else f' ± {deviation:.1f}'
            cells.append('-' if np.isnan(mean) else f'{mean:.1f}{spread}')
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def write_table(rows: list[dict], folder: Path) -> None:
    """Write ``table.md`` and ``table.json``."""
    with published(folder / 'table.md') as file:
        file.write((markdown_table(rows) + '\n').encode())
    with published(folder / 'table.json') as file:
        file.write(json.dumps(rows, indent=1).encode())
