#!/usr/bin/env python
"""Export label maps: ``export_labels.py LABEL_DIR OUT.json --data-root ROOT``.

One COCO file with an RLE a class and image (pixels of 255 are left out), and
on request the folders of CVAT's "Segmentation mask 1.1", Label Studio's brush
and FiftyOne's segmentations; import_masks.py reads them back. Images bear the
names that they had before tools/dataset_converters/import_images.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.errors import UserError, list_faults
from projects.amr.workflow.export.cvat_export import (
    export_cvat,
    unlisted_names,
)
from projects.amr.workflow.export.label_export import LabelFolder, export_coco
from projects.amr.workflow.export.tool_masks import (
    export_fiftyone,
    export_label_studio,
)
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    open_folder,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('label_dir', help='folder of <id>.png')
    parser.add_argument('out_file', help='COCO file to write')
    parser.add_argument('--masks', help="folder to make in CVAT's layout too")
    parser.add_argument(
        '--label-studio', help='JSON of brush predictions to write too'
    )
    parser.add_argument(
        '--image-prefix',
        default='/data/local-files/?d=',
        help='what stands before the path of a photo in Label Studio',
    )
    parser.add_argument('--fiftyone', help='folder of segmentations, too')
    parser.add_argument(
        '--ignore',
        choices=['declare', 'refuse'],
        default='declare',
        help='with --masks: give pixels of 255 a label, or refuse them',
    )
    add_folder_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Write the exports."""
    args = parse_args()
    if not Path(args.label_dir).is_dir():
        raise UserError(f'folder of label maps not found: {args.label_dir}')
    source = LabelFolder(args.label_dir, open_folder(args))
    images, annotations = export_coco(source, args.out_file)
    print(f'{args.out_file}: {images:,} images, {annotations:,} annotations')
    if args.masks:
        count = export_cvat(source, args.masks, args.ignore == 'refuse')
        print(f'{args.masks}: {count:,} masks and labelmap.txt')
        lost = unlisted_names(source)
        if lost:
            print(
                f'NOTE: {len(lost):,} photos have names that the list cannot '
                f'hold, and CVAT will not find their masks; rename them:\n'
                f'{list_faults([repr(name) for name in lost])}'
            )
    if args.label_studio:
        count = export_label_studio(
            source, args.label_studio, args.image_prefix
        )
        print(f'{args.label_studio}: {count:,} tasks, and the config in .xml')
    if args.fiftyone:
        count = export_fiftyone(source, args.fiftyone)
        print(f'{args.fiftyone}: {count:,} masks and mask_targets.json')


if __name__ == '__main__':
    run_tool(main)
