#!/usr/bin/env python
"""Segment photos: ``predict.py CONFIG CHECKPOINT PHOTOS OUT_DIR``.

PHOTOS is a folder, entered with its sub-folders, or a ``.txt`` that lists
video frames, one path a line. Writes ``labels/<name>.png`` (palette PNGs),
``overlays/<name>.jpg`` and ``classes.txt``. Run again, it makes what is
missing or was made with other weights or settings.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

import torch

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import require_keys
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.workflow.deploy.prediction import (
    PredictionJob,
    list_sources,
)
from projects.amr.workflow.deploy.trained_model import load_trained
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    load_config,
    run_tool,
    tool_parser,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config of a segmentor')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('photos', help='folder, or .txt of video frames')
    parser.add_argument('out_dir', type=Path, help='folder to write')
    parser.add_argument(
        '--opacity',
        type=float,
        default=0.6,
        help='share of the colours in the overlays, 0 to 1',
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Segment all photos; print how much of each class there is."""
    args = parse_args()
    if not 0 <= args.opacity <= 1:
        raise UserError(f'--opacity must be in [0, 1], got {args.opacity:g}')
    sources = list_sources(args.photos, args.out_dir)
    cfg = load_config(args)
    require_keys(cfg, 'test', ('model', 'test_dataloader'))
    trained = load_trained(cfg, args.checkpoint, args.trust_checkpoint)
    trained.model.to('cuda' if torch.cuda.is_available() else 'cpu')
    job = PredictionJob(trained, sources, args.out_dir, args.opacity)
    changed = job.prepare()
    if changed:
        print(f'{args.out_dir}: {", ".join(changed)} changed; all are redone')
    results, kept = run_items(job, sources, title='photos')
    print(
        f'{args.out_dir}: {len(results) - kept:,} photos segmented, '
        f'{kept:,} kept from an earlier run'
    )
    counts = sum(results.values())
    for label, name in enumerate(trained.classes):
        shown = sum(bool(result[label]) for result in results.values())
        share = counts[label] / counts.sum()
        print(f'  {name}: {share:.1%} of the pixels, in {shown:,} photos')


if __name__ == '__main__':
    run_tool(main)
