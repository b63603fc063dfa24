#!/usr/bin/env python
"""Give masks without classes the classes of label maps.

``python tools/vote_masks.py LABEL_DIR SEGMENT_DIR --data-root VOC2012 --split
train_aug --out-dir voted``. LABEL_DIR holds label maps, such as pseudo labels
or seeds. SEGMENT_DIR holds, for each image, a folder ``<id>/`` of PNGs, an id
map ``<id>.png`` of 8 or 16 bits, or ``<id>.json`` of COCO's RLE, as
segment-anything's own script writes it. Pixels of 255 stay, unless
--fill-ignored. Finished label maps are kept, so the same command goes on
after a stop. Prints mIoU where there are true masks.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from projects.amr.workflow.labels.label_job import LabelMapJob
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    add_work_arguments,
    make_labels,
    open_folder,
)
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('label_dir', help='folder of label maps')
    parser.add_argument('segment_dir', help='folder of masks without classes')
    parser.add_argument(
        '--min-share',
        type=float,
        default=0.5,
        help='share of a mask above which a class takes it',
    )
    parser.add_argument(
        '--min-cover',
        type=float,
        default=0.85,
        help="share of a class's pixels in the image from which it takes a "
        'mask around them',
    )
    parser.add_argument(
        '--fill-ignored',
        action='store_true',
        help='let masks also label pixels of 255',
    )
    add_folder_arguments(parser)
    add_work_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Vote."""
    args = parse_args()
    params = {
        'min_share': args.min_share,
        'min_cover': args.min_cover,
        'fill_ignored': args.fill_ignored,
    }
    vote = {
        'type': 'VoteSegmentMasks',
        'label_dir': args.label_dir,
        'mask_dir': args.segment_dir,
        **params,
    }
    job = LabelMapJob(
        open_folder(args),
        [vote],
        [args.label_dir, args.segment_dir],
        args.out_dir,
        params,
    )
    make_labels(job, args, 'voted labels', 'voted_labels_summary.json')


if __name__ == '__main__':
    run_tool(main)
