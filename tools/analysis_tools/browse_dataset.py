#!/usr/bin/env python
"""Draw a dataset's samples after its pipeline: ``browse_dataset.py CONFIG``.

A picture a sample: the image as the model sees it, its weak label as text,
and its mask, seed or pseudo label in the palette's colours where it has one.
Needs no weights and no GPU.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import cv2

from projects.amr.runtime.config.config_reading import add_cfg_options
from projects.amr.runtime.files.atomic_write import write_file, writing
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.workflow.inspection.dataset_samples import SampleBrowser
from projects.amr.workflow.launch.tool_setup import (
    load_config,
    run_tool,
    tool_parser,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config of any stage')
    parser.add_argument(
        '--split', choices=['train', 'val', 'test'], default='train'
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        help='by default work_dirs/<config>/browse/<split>',
    )
    parser.add_argument(
        '--num',
        type=int,
        default=16,
        help='samples, evenly spread over the dataset',
    )
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw and save."""
    args = parse_args()
    cfg = load_config(args)
    browser = SampleBrowser(cfg, args.split)
    places = browser.spread(args.num)
    out_dir = args.out_dir or Path(cfg.work_dir, 'browse', args.split)
    with writing(out_dir):
        out_dir.mkdir(parents=True, exist_ok=True)
        for index in show_progress(places, len(places), 'samples'):
            image_id, picture = browser.draw(index)
            _, data = cv2.imencode('.png', picture)
            path = out_dir / f'{index:05d}_{image_id}.png'
            write_file(path, data.tobytes())
    total = len(browser.dataset)
    print(f'{len(places)} of {total:,} samples of {args.split}: {out_dir}')


if __name__ == '__main__':
    run_tool(main)
