#!/usr/bin/env python
"""Weak labels of COCO: ``coco_labels.py instances_train2017.json OUT.csv``.

Writes ``image,labels``, a row per image, and next to it ``OUT.classes.txt``
with the background and the categories in the order of their ids. Both are
read by import_images.py (``--classes``) and by ``label_file`` of the dataset.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.datasets.labels.class_list import (
    check_class_names,
    write_labels_and_classes,
)
from projects.amr.datasets.labels.coco_labels import read_coco_labels
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('instances', help='annotations of COCO instances')
    parser.add_argument('out_file', type=Path, help='CSV to write')
    parser.add_argument(
        '--no-crowds',
        action='store_true',
        help='leave out annotations of crowds (iscrowd)',
    )
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    found = read_coco_labels(args.instances, not args.no_crowds)
    check_class_names((name, args.instances) for name in found.classes)
    classes = write_labels_and_classes(
        args.out_file, found.images, found.classes
    )
    empty = sum(not names for names in found.images.values())
    print(
        f'{args.out_file}: {len(found.images):,} images, {empty:,} of them '
        f'without a label, {found.crowds:,} crowds left out; {classes}: '
        f'{len(found.classes)} classes'
    )


if __name__ == '__main__':
    run_tool(main)
