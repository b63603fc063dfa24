#!/usr/bin/env python
"""Take corrected masks back: ``import_masks.py SOURCE OUT_DIR --format coco``.

Writes ``<id>.png`` for each mask, under the ids of --data-root: the opposite
of export_labels.py. Score them with eval_masks.py --skip-missing, or put them
over pseudo labels with merge_labels.py. SOURCE is a JSON of COCO or Label
Studio (brush), or a folder of PNGs: label maps, FiftyOne's values with
``mask_targets.json``, or colours with --palette. Colours need no --data-root:
then ``OUT_DIR`` has the paths of SOURCE, for import_images.py (--mask-dir).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.errors import UserError
from projects.amr.workflow.export.corrected_masks import KINDS, MaskImport
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    open_folder,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('source', help='JSON file, or folder of masks')
    parser.add_argument('out_dir', type=Path, help='a new or empty folder')
    parser.add_argument('--format', choices=KINDS, required=True)
    parser.add_argument(
        '--palette',
        help="with --format colours: CVAT's labelmap.txt, CSV or JSON",
    )
    parser.add_argument(
        '--classes',
        help='without --data-root: text file of the class list, background '
        'first; by default the order of the palette',
    )
    parser.add_argument(
        '--keep-empty',
        action='store_true',
        help='with --format coco: images without an annotation are '
        'background; by default they are left out, as not done yet',
    )
    add_folder_arguments(parser, required=False)
    return parser.parse_args()


def main() -> None:
    """Read all masks, then write all label maps."""
    args = parse_args()
    if (args.palette is None) == (args.format == 'colours'):
        raise UserError('--format colours needs --palette, others take none')
    if args.keep_empty and args.format != 'coco':
        raise UserError('--keep-empty goes with --format coco')
    if args.data_root is None and args.format != 'colours':
        raise UserError(f'--format {args.format} needs --data-root')
    if args.data_root is not None and args.classes:
        raise UserError('--data-root has a class list: drop --classes')
    masks = MaskImport(
        args.source,
        args.format,
        open_folder(args) if args.data_root else None,
        args.palette,
        read_class_file(args.classes) if args.classes else None,
        args.keep_empty,
    )
    count = masks.write(args.out_dir)
    print(
        f'{args.out_dir}: {count:,} label maps; {masks.skipped:,} images '
        'without an annotation left out'
    )


if __name__ == '__main__':
    run_tool(main)
