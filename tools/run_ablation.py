#!/usr/bin/env python
"""Train and test the rows of a table over seeds, and write the table.

The paper's Tables 3 to 6 and our own (``controls``, ``release``, ``beyond``)
by name, on VOC 2012 or from another table file, or a list of configs::

    python tools/run_ablation.py --table 3 5 --seeds 0 1 2
    python tools/run_ablation.py --tables configs/toy/tables.py
        --table 3 --seeds 0 1 2
    python tools/run_ablation.py configs/toy/amr_r26_toyvoc*.py --seeds 0 1 2

Each table becomes ``table_<name>.md`` and ``.csv`` (``table.*`` of a list) in
the work dir or ``--out-dir``. Runs are shared between tables and finished ones
are kept; after a stop the same command resumes. A run that fails does not
stop the others; its exit code becomes ours. ``--list`` prints what would run.
``--collect-only`` runs nothing and makes the tables of what is in
``<work-dir>/<config stem>/seed<k>/test_summary.json``, however it was made.
Commands with different seeds may run at once in one work dir.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.logging import MMLogger

from projects.amr.engine.mixed_precision import (
    AMP_TYPES,
    lone_amp,
)
from projects.amr.errors import UserError
from projects.amr.runtime.processes.stop_signals import (
    same_command_goes_on,
    stop_tells,
)
from projects.amr.runtime.processes.tool_process import ROOT, ToolError
from projects.amr.workflow.ablation.grid import Grid
from projects.amr.workflow.ablation.spec import Table, plain_table, read_tables
from projects.amr.workflow.ablation.table import (
    collect,
    lines_of,
    markdown_table,
    write_table,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser

TABLES = ROOT / 'configs' / 'ablations' / 'tables.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('configs', nargs='*', type=Path, help='one per row')
    parser.add_argument(
        '--table',
        nargs='+',
        default=[],
        metavar='NAME',
        help="tables of the table file, such as 3; 'all' for all",
    )
    parser.add_argument(
        '--tables',
        type=Path,
        default=TABLES,
        metavar='FILE',
        help='table file; configs/ablations/tables.py (VOC 2012) by default',
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        help='training seeds; 0 by default, with --collect-only all there are',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        help="folder of runs and tables; the table file's by default, "
        'work_dirs/ablation for a list',
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        help='folder of the tables; the work dir by default',
    )
    parser.add_argument(
        '--list',
        action='store_true',
        help='say what would run and what is done; change nothing',
    )
    parser.add_argument(
        '--collect-only',
        action='store_true',
        help='run nothing; make the tables of the results that are there',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='auto',
        choices=AMP_TYPES,
        help='mixed precision of the trainings, as in tools/train.py',
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='drop every pretrained initialisation, as in tools/train.py',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], help='overrides of all configs'
    )
    return parser.parse_args(lone_amp(sys.argv[1:]))


def choose(args: argparse.Namespace) -> tuple[list[Table], Path, list[str]]:
    """Tables that were asked for, the work dir and all overrides."""
    if args.configs and args.table:
        raise UserError('give configs or --table, not both')
    if args.configs:
        work_dir = args.work_dir or Path('work_dirs/ablation')
        return [plain_table(args.configs)], work_dir, args.cfg_options
    file = read_tables(args.tables)
    tables = file.tables
    names = list(tables) if args.table == ['all'] else args.table
    unknown = [name for name in names if name not in tables]
    if unknown or not names:
        what = f'no table {", ".join(unknown)}' if unknown else 'what to run?'
        raise UserError(
            f'{what}: give configs, or --table with some of '
            f'{", ".join(tables)} (of {args.tables})'
        )
    return (
        [tables[name] for name in names],
        args.work_dir or file.work_dir,
        [*file.cfg_options, *args.cfg_options],
    )


def main() -> None:
    """Run the grid and write its tables."""
    args = parse_args()
    # Each reading of a config logs its environment variables.
    MMLogger.get_current_instance().setLevel('WARNING')
    tables, work_dir, cfg_options = choose(args)
    experiments = [row.experiment for t in tables for row in t.rows]
    failed = []
    if args.collect_only:
        results = collect(experiments, work_dir, args.seeds)
        if not any(results.values()):
            raise UserError(
                f'no results in {work_dir}: expected '
                '<config stem>/seed<k>/test_summary.json in it'
            )
    else:
        grid = Grid(
            experiments,
            args.seeds or [0],
            work_dir,
            train_options(args),
            cfg_options,
        )
        if args.list:
            show_plan(tables, grid)
            return
        with stop_tells(same_command_goes_on):
            failed = grid.run()
        results = collect(experiments, work_dir, grid.seeds)
    out_dir = args.out_dir or work_dir
    out_dir.mkdir(parents=True, exist_ok=True)
    for table in tables:
        lines = lines_of(table, results)
        path = write_table(table, lines, out_dir)
        print(f'\n{markdown_table(table, lines)}\n\nTable: {path}')
    if failed:
        raise ToolError(
            f'{len(failed)} runs failed, see above', failed[0].exit_code
        )


def train_options(args: argparse.Namespace) -> list[str]:
    """Flags that are passed on to tools/train.py."""
    amp = [f'--amp={args.amp}'] if args.amp else []
    return [*amp, *(['--no-pretrained'] if args.no_pretrained else [])]


def show_plan(tables: list[Table], grid: Grid) -> None:
    """Print tables and the state of their runs."""
    for table in tables:
        if table.name:
            print(f'{table.title}')
        for row in table.rows:
            print(f'  {row.name}: {row.experiment.stem}')
    print(f'\nRuns in {grid.work_dir}, in this order for each seed')
    for experiment in grid.experiments:
        print(f'  {experiment.stem}')
        seeds: dict[str, list[str]] = {}
        for seed in grid.seeds:
            state = grid.state(experiment, seed).value
            seeds.setdefault(state, []).append(str(seed))
        for what, numbers in seeds.items():
            print(f'    seed {", ".join(numbers)}: {what}')


if __name__ == '__main__':
    run_tool(main)
