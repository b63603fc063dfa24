#!/usr/bin/env python
"""The main job on the embedded toy set, from nothing, on a CPU.

Generates ToyVOC, trains the plain CAM classifier and AMR, makes their CAMs,
seeds and, with an IRNet and an AffinityNet trained on them, pseudo labels;
prints one table and saves picture strips. Run again, it keeps what is done.
"""

import argparse
import json
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
    call_tool,
    collect_rows,
    markdown_table,
    run_grid,
    write_table,
)
from projects.amr.engine.fingerprint import MANIFEST, file_digest  # noqa: E402
from projects.amr.engine.launch import run_tool  # noqa: E402
from projects.amr.engine.progress import Reporter  # noqa: E402

TOY = ROOT / 'configs' / 'toy'
BASELINE = 'cam_r26_toyvoc'
# With the paper's weight of L_cps, 1, the branches become one map here (see
# the README's results); this is the released weight.
AMR = 'amr_r26_toyvoc_cps0.05'
AFFINITY = ('irnet_r26_toyvoc', 'affinitynet_wrn38_toyvoc')
# IRNet's recipe without the CRF, whose kernels are as wide as a toy object,
# and with IRNet's own foreground threshold; chosen on this set.
SEED_FLAGS = ('--fg-thr', '0.3', '--bg-thr', '0.1', '--crf', 'none')


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


def make_seeds(args, cams: Path, reporter: Reporter) -> Path:
    """Make seeds of AMR's CAMs; finished ones are kept."""
    seeds = args.work_dir / 'seeds'
    reporter.step('Seeds of AMR')
    where = ('--data-root', args.data_root, '--split', 'train_aug')
    flags = (*where, '--out-dir', seeds, *SEED_FLAGS)
    log = args.work_dir / 'make_seeds.log'
    call_tool('make_seeds.py', [cams, *flags], log, reporter)
    return seeds


def make_pseudo_labels(args, runs: dict[str, Path], reporter) -> dict:
    """Train affinity networks on the seeds and walk AMR's CAMs."""
    cams = runs[AMR] / 'cams'
    seeds = make_seeds(args, cams, reporter)
    checkpoint = (runs[BASELINE] / 'last_checkpoint').read_text()
    os.environ['SEED_DIR'] = str(seeds.resolve())
    os.environ['CAM_DIR'] = str(cams.resolve())
    os.environ['TOY_CLASSIFIER'] = checkpoint
    made_from = [file_digest(seeds / MANIFEST), file_digest(cams / MANIFEST)]
    return run_grid(
        [TOY / f'{name}.py' for name in AFFINITY],
        [args.seed],
        args.work_dir,
        made_from=' '.join([*made_from, file_digest(checkpoint)]),
        reporter=reporter,
    )


def refine_with_crf(args, run: Path, reporter: Reporter) -> float:
    """Test IRNet again with a CRF on its labels."""
    reporter.step('Pseudo labels with the dense CRF')
    folder = run / 'with_crf'
    folder.mkdir(exist_ok=True)
    arguments = [
        TOY / f'{AFFINITY[0]}.py',
        (run / 'last_checkpoint').read_text(),
        '--work-dir',
        folder,
        '--cfg-options',
        'custom_hooks.2.crf=dense',
    ]
    call_tool('test.py', arguments, folder / 'test.log', reporter)
    summary = json.loads((folder / 'test_summary.json').read_text())
    return summary['metrics']['labels/mIoU']


def main() -> None:
    """Generate, train, test, show."""
    args = parse_args()
    reporter = Reporter()
    reporter.step(f'ToyVOC in {args.data_root}')
    generate_toy_voc(args.data_root, PRESETS['demo'])
    os.environ['TOYVOC_ROOT'] = str(args.data_root.resolve())
    args.work_dir.mkdir(parents=True, exist_ok=True)
    names = (BASELINE, AMR, *AFFINITY)
    runs = {n: args.work_dir / n / f'seed{args.seed}' for n in names}
    results = run_grid(
        [TOY / f'{name}.py' for name in names[:2]],
        [args.seed],
        args.work_dir,
        test_options=('--show-dir', '{folder}/strips'),
        reporter=reporter,
    )
    results |= make_pseudo_labels(args, runs, reporter)
    with_crf = refine_with_crf(args, runs[AFFINITY[0]], reporter)
    show(args, results, with_crf)


def show(args, results: dict, with_crf: float) -> None:
    """Print the table and where the pictures are."""
    rows = collect_rows(results)
    write_table(rows, args.work_dir)
    seeds = args.work_dir / 'seeds' / 'seeds_summary.json'
    summary = json.loads(seeds.read_text())
    print(f'\nToyVOC training images, percent, seed {args.seed}')
    print('(best: threshold chosen on these images; head / body: recall)\n')
    print(markdown_table(rows))
    scores = summary['scores']
    print(
        f'\nSeeds of AMR: {summary["coverage"]:.1f} % of the pixels labelled; '
        f"of the classes' pixels {scores['mrecall_fg']:.1f} % found, "
        f'{scores["mprecision_fg"]:.1f} % of those found right'
    )
    print(f'Pseudo labels of IRNet with the dense CRF: mIoU {with_crf:.1f}')
    print(
        'A picture strip per image (input, spotlight, compensation, weighted '
        f'CAM, mask): {args.work_dir}/*/seed{args.seed}/strips'
    )


if __name__ == '__main__':
    run_tool(main)
