#!/usr/bin/env python
"""Pack predictions for the evaluation server of PASCAL VOC.

``python tools/make_voc_submission.py PRED_DIR OUT.tar.gz --data-root VOC2012
--split test``. The predictions are those of ``tools/test.py``; each image of
the split must have one, of its size and with labels that the server knows.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets import VOCFolder
from projects.amr.errors import UserError
from projects.amr.workflow.export.voc_submission import (
    FOLDER,
    write_submission,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('pred_dir', help='folder of <id>.png')
    parser.add_argument('archive', help='file to write, ending in .tar.gz')
    parser.add_argument(
        '--data-root', required=True, help='folder that holds JPEGImages'
    )
    parser.add_argument(
        '--split',
        default='test',
        help='list in ImageSets/Segmentation, or the path of a .txt',
    )
    return parser.parse_args()


def main() -> None:
    """Check and pack."""
    args = parse_args()
    if not Path(args.pred_dir).is_dir():
        raise UserError(f'folder of predictions not found: {args.pred_dir}')
    folder = VOCFolder.open(args.data_root, args.split)
    count = write_submission(folder, args.pred_dir, args.archive)
    print(f'{args.archive}: {count:,} predictions in {FOLDER}')


if __name__ == '__main__':
    run_tool(main)
