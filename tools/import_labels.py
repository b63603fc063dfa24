#!/usr/bin/env python
"""Make the label file: ``import_labels.py SOURCE OUT.csv --format cvat``.

Reads image-level labels of CVAT ("CVAT for images 1.1"), Label Studio (JSON),
FiftyOne (``labels.json``, ``samples.json``) or of folders named by class.
Writes ``image,labels``, a row an image, and ``OUT.classes.txt``. For COCO and
VOC see coco_labels.py and voc_main_labels.py in dataset_converters/.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets.labels.class_list import (
    write_labels_and_classes,
)
from projects.amr.datasets.labels.tool_labels import (
    READERS,
    read_tool_labels,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('source', help='file, or folder of class folders')
    parser.add_argument('out_file', type=Path, help='CSV to write')
    parser.add_argument('--format', choices=sorted(READERS), required=True)
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    found = read_tool_labels(args.source, args.format)
    classes = write_labels_and_classes(
        args.out_file, found.images, found.classes
    )
    empty = sum(not names for names in found.images.values())
    print(
        f'{args.out_file}: {len(found.images):,} images, {empty:,} of them '
        f'without a label, {found.skipped:,} not labelled yet and left out; '
        f'{classes}: {len(found.classes)} classes'
    )


if __name__ == '__main__':
    run_tool(main)
