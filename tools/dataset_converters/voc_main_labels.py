#!/usr/bin/env python
"""Weak labels of VOC's lists: ``voc_main_labels.py MAIN_DIR SPLIT OUT.csv``.

Reads ``<class>_<split>.txt`` of ``ImageSets/Main``, whose lines are an id and
1 (the image has the class), -1 (it has not) or 0 (difficult objects alone).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.datasets import VOCWeakLabelDataset
from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.datasets.labels.label_file import write_label_table
from projects.amr.datasets.labels.voc_main import read_main_labels
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('main_dir', help='ImageSets/Main')
    parser.add_argument('split', help='such as train or trainval')
    parser.add_argument('out_file', type=Path, help='CSV to write')
    parser.add_argument(
        '--classes', help="text file, background first; by default VOC's"
    )
    parser.add_argument(
        '--no-difficult',
        action='store_true',
        help='take 0 (difficult objects alone) as -1',
    )
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    classes = VOCWeakLabelDataset.METAINFO['classes']
    if args.classes:
        classes = read_class_file(args.classes)
    labels = read_main_labels(
        args.main_dir, args.split, tuple(classes[1:]), not args.no_difficult
    )
    write_label_table(args.out_file, labels.items())
    empty = sum(not names for names in labels.values())
    print(
        f'{args.out_file}: {len(labels):,} images, {empty:,} of them without '
        'a label'
    )


if __name__ == '__main__':
    run_tool(main)
