#!/usr/bin/env python
"""Train and test configs over seeds and write one table.

Example: ``python tools/run_ablation.py configs/toy/*.py --seeds 0 1 2``
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.engine.ablation import (  # noqa: E402
    collect_rows,
    markdown_table,
    run_grid,
    write_table,
)
from projects.amr.engine.launch import run_tool  # noqa: E402
from projects.amr.errors import UserError  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='+', type=Path)
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/ablation')
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='drop every pretrained initialisation, as in tools/train.py',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], help='overrides of all configs'
    )
    return parser.parse_args()


def main() -> None:
    """Run the grid and print its table."""
    args = parse_args()
    for config in args.configs:
        if not config.is_file():
            raise UserError(f'config not found: {config}')
    args.work_dir.mkdir(parents=True, exist_ok=True)
    results = run_grid(
        args.configs,
        args.seeds,
        args.work_dir,
        train_options=['--no-pretrained'] if args.no_pretrained else [],
        cfg_options=args.cfg_options,
    )
    rows = collect_rows(results)
    write_table(rows, args.work_dir)
    print(markdown_table(rows))


if __name__ == '__main__':
    run_tool(main)
