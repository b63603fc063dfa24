#!/usr/bin/env python
"""Weak labels of COCO: ``coco_labels.py instances_train2017.json OUT.csv``.

Writes ``image,labels``, a row an image, and beside it ``OUT.classes.txt``
with the background and the categories in the order of their ids. Both are
read by import_images.py (``--classes``) and by ``label_file`` of the dataset.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.datasets.labels.class_list import (
    BACKGROUND,
    check_class_names,
)
from projects.amr.datasets.labels.coco_labels import read_coco_labels
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
    if args.out_file.suffix.lower() != '.csv':
        raise UserError(f'{args.out_file}: the name must end in .csv')
    found = read_coco_labels(args.instances, not args.no_crowds)
    check_class_names((name, args.instances) for name in found.classes)
    rows = [(name, ';'.join(names)) for name, names in found.images.items()]
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(
        [('image', 'labels'), *rows]
    )
    classes = args.out_file.with_suffix('.classes.txt')
    try:
        with atomic_write(args.out_file) as file:
            file.write(text.getvalue().encode())
        with atomic_write(classes) as file:
            file.write('\n'.join((BACKGROUND, *found.classes, '')).encode())
    except OSError as error:
        raise UserError(
            f'{args.out_file} cannot be written ({error})'
        ) from None
    empty = sum(not names for names in found.images.values())
    print(
        f'{args.out_file}: {len(rows):,} images, {empty:,} of them without a '
        f'label, {found.crowds:,} crowds left out; {classes}: '
        f'{len(found.classes)} classes'
    )


if __name__ == '__main__':
    run_tool(main)
