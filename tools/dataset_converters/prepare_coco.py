#!/usr/bin/env python
"""Prepare COCO 2014: ``prepare_coco.py COCO_ROOT --out-dir data/coco2014``.

COCO_ROOT holds ``train2014``, ``val2014`` and ``annotations`` with
``instances_train2014.json`` and ``instances_val2014.json``. Makes the folder
that the configs on COCO read: links to the images, weak labels, lists, and
masks for scoring. Interrupted, the same command resumes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.runtime.files.atomic_write import writing
from projects.amr.workflow.data_preparation.coco_preparation import (
    prepare_coco,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('coco_root', type=Path, help="folder of COCO's files")
    parser.add_argument('--out-dir', type=Path, default=Path('data/coco2014'))
    return parser.parse_args()


def main() -> None:
    """Prepare, then say what there is."""
    args = parse_args()
    with writing(args.out_dir):
        done = prepare_coco(args.coco_root, args.out_dir)
    for name, count in done.images.items():
        few = done.unlabelled[name]
        print(
            f'{name}.txt: {count:,} images; {len(few):,} without an object, '
            f'listed in {name}_unlabelled.txt'
        )
    print(f'SegmentationClass: {done.masks_made:,} masks made')
    print(f'Next: export COCO_ROOT={args.out_dir.resolve()}')


if __name__ == '__main__':
    run_tool(main)
