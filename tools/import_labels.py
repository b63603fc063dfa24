#!/usr/bin/env python
"""Make the label file: ``import_labels.py SOURCE OUT.csv --format cvat``.

Reads image-level labels of CVAT ("CVAT for images 1.1"), Label Studio (JSON),
FiftyOne (``labels.json``, ``samples.json``), COCO (``instances_*.json``), of
folders named by class, or of VOC's lists (``ImageSets/Main``, --split).
Writes ``image,labels``, a row an image, and ``OUT.classes.txt``.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets import VOCWeakLabelDataset
from projects.amr.datasets.labels.class_list import (
    BACKGROUND,
    check_class_names,
    read_class_file,
    write_labels_and_classes,
)
from projects.amr.datasets.labels.coco_labels import read_coco_labels
from projects.amr.datasets.labels.tool_labels import (
    READERS,
    read_tool_labels,
)
from projects.amr.datasets.labels.voc_main import read_main_labels
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser

FLAGS = {
    'coco': ['no_crowds'],
    'voc-main': ['split', 'classes', 'no_difficult'],
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('source', help='file, or folder')
    parser.add_argument('out_file', type=Path, help='CSV to write')
    parser.add_argument(
        '--format',
        choices=sorted([*READERS, 'coco', 'voc-main']),
        required=True,
    )
    parser.add_argument(
        '--no-crowds',
        action='store_true',
        help='coco: leave out annotations of crowds (iscrowd)',
    )
    parser.add_argument('--split', help='voc-main: such as train or trainval')
    parser.add_argument(
        '--classes',
        help="voc-main: text file, background first; by default VOC's",
    )
    parser.add_argument(
        '--no-difficult',
        action='store_true',
        help='voc-main: take 0 (difficult objects alone) as -1',
    )
    args = parser.parse_args()
    for kind, flags in FLAGS.items():
        used = [flag for flag in flags if getattr(args, flag)]
        if used and args.format != kind:
            parser.error(f'{", ".join(used)}: for --format {kind} alone')
    if args.format == 'voc-main' and not args.split:
        parser.error('--format voc-main needs --split')
    return args


def read_labels(args: argparse.Namespace) -> tuple[dict, tuple, str]:
    """Names by image, class names, and what was left out."""
    if args.format == 'coco':
        found = read_coco_labels(args.source, not args.no_crowds)
        # Datumaro lists the background of masks as a category.
        used = {name for names in found.images.values() for name in names}
        names = tuple(
            name
            for name in found.classes
            if name in used or name != BACKGROUND
        )
        check_class_names((name, args.source) for name in names)
        return found.images, names, f'{found.left_out:,} crowds'
    if args.format == 'voc-main':
        classes = VOCWeakLabelDataset.METAINFO['classes']
        if args.classes:
            classes = read_class_file(args.classes)
        names = tuple(classes[1:])
        labels = read_main_labels(
            args.source, args.split, names, not args.no_difficult
        )
        return labels, names, 'nothing'
    found = read_tool_labels(args.source, args.format)
    return found.images, found.classes, f'{found.left_out:,} not labelled yet'


def main() -> None:
    """Convert."""
    args = parse_args()
    images, names, left_out = read_labels(args)
    classes = write_labels_and_classes(args.out_file, images, names)
    empty = sum(not labels for labels in images.values())
    print(
        f'{args.out_file}: {len(images):,} images, {empty:,} of them without '
        f'a label, left out: {left_out}; {classes}: {len(names)} classes'
    )


if __name__ == '__main__':
    run_tool(main)
