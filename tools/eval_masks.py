#!/usr/bin/env python
"""Score a folder of label PNGs against masks, class by class.

``python tools/eval_masks.py PRED_DIR --data-root VOC2012 --split train``.
Pixels of 255 in a mask do not count; 255 in a prediction counts as wrong. A
class that is in neither is nan and left out of the mean.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets.images.image_files import in_any_case
from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import label_notes
from projects.amr.evaluation.mask_evaluation import (
    evaluate_masks,
)
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    open_folder,
    publish_summary,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('pred_dir', help='folder of <id>.png')
    parser.add_argument(
        '--skip-missing',
        action='store_true',
        help='leave images without a prediction out, and say how many',
    )
    parser.add_argument('--out', help='JSON file for the scores')
    add_folder_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Print the table, write the scores."""
    args = parse_args()
    folder, pred_dir = open_folder(args), Path(args.pred_dir)
    if not pred_dir.is_dir():
        raise UserError(f'folder of predictions not found: {pred_dir}')
    scores = evaluate_masks(
        [
            (in_any_case(pred_dir / f'{i}.png'), folder.mask_path(i))
            for i in folder.ids
        ],
        folder.classes,
        skip_missing=args.skip_missing,
    )
    print(scores.table())
    truth, found = scores.confusion.sum(1), scores.confusion.sum(0)
    for what, counts in (('masks', truth), ('predictions', found)):
        for note in label_notes(counts, folder.classes, what):
            print(f'NOTE: {note}')
    print(
        f'mIoU {scores.summary()["mIoU"]:.2f} % over {scores.num_images:,} '
        f'images; {scores.num_skipped:,} without a prediction left out; '
        f'{100 - scores.coverage:.2f} % of the pixels predicted as 255'
    )
    if args.out:
        publish_summary(
            args.out,
            {
                'pred_dir': args.pred_dir,
                'data_root': args.data_root,
                'split': args.split,
                **scores.summary(),
            },
        )


if __name__ == '__main__':
    run_tool(main)
