#!/usr/bin/env python
"""The main job on the embedded toy set, from nothing, on a CPU.

Generates ToyVOC, trains the plain CAM classifier and AMR, makes their CAMs,
prints one table and saves picture strips. Run again, it keeps what is done.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets.toy_voc import (  # noqa: E402
    PRESETS,
    generate_toy_voc,
)
from projects.amr.engine.ablation import (  # noqa: E402
    ROOT,
    collect_rows,
    markdown_table,
    run_grid,
    write_table,
)
from projects.amr.engine.launch import run_tool  # noqa: E402
from projects.amr.engine.progress import Reporter  # noqa: E402

CONFIGS = ('cam_r26_toyvoc.py', 'amr_r26_toyvoc.py')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--data-root', type=Path, default='data/toyvoc')
    parser.add_argument('--work-dir', type=Path, default='work_dirs/toy_demo')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Generate, train, test, show."""
    args = parse_args()
    reporter = Reporter()
    reporter.step(f'ToyVOC in {args.data_root}')
    generate_toy_voc(args.data_root, PRESETS['demo'])
    os.environ['TOYVOC_ROOT'] = str(args.data_root.resolve())
    args.work_dir.mkdir(parents=True, exist_ok=True)
    results = run_grid(
        [ROOT / 'configs' / 'toy' / name for name in CONFIGS],
        [args.seed],
        args.work_dir,
        test_options=('--show-dir', '{folder}/strips'),
        reporter=reporter,
    )
    rows = collect_rows(results)
    write_table(rows, args.work_dir)
    print(f'\nCAMs of the ToyVOC training images, percent, seed {args.seed}')
    print('(best: threshold chosen on these images; head / body: recall)\n')
    print(markdown_table(rows))
    print(
        '\nA picture strip per image (input, spotlight, compensation, '
        f'weighted CAM, mask): {args.work_dir}/*/seed{args.seed}/strips'
    )


if __name__ == '__main__':
    run_tool(main)
