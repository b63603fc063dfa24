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
    BACKGROUND,
    check_class_names,
)
from projects.amr.datasets.labels.coco_labels import read_coco_labels
from projects.amr.datasets.labels.label_file import write_label_table
from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import atomic_write
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
    write_label_table(args.out_file, found.images.items())
    classes = args.out_file.with_suffix('.classes.txt')
    try:
        with atomic_write(classes) as file:
            file.write('\n'.join((BACKGROUND, *found.classes, '')).encode())
    except OSError as error:
        raise UserError(f'{classes} cannot be written ({error})') from None
    empty = sum(not names for names in found.images.values())
    print(
        f'{args.out_file}: {len(found.images):,} images, {empty:,} of them '
        f'without a label, {found.crowds:,} crowds left out; {classes}: '
        f'{len(found.classes)} classes'
    )


if __name__ == '__main__':
    run_tool(main)
