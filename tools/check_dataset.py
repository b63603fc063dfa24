#!/usr/bin/env python
"""Check a data set before it costs a run: every list, image, label and mask.

``python tools/check_dataset.py CONFIG`` checks what a training, test or
pipeline config reads; ``--data-root VOC2012 --train train_aug --val val``
the lists of a folder. Every bad item is counted and the first ten are named
with file and line; then the exit code is 3. ``--skip-bad DIR`` writes lists
without them and ends with 0.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.logging import MMLogger

from projects.amr.cpu import worker_count
from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.datasets.labels.label_agreement import (
    add_max_contradictions,
    check_max_contradictions,
)
from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import add_cfg_options
from projects.amr.workflow.labels.mask_tools import (
    config_classes,
    publish_summary,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser
from projects.amr.workflow.preflight.check import check_splits
from projects.amr.workflow.preflight.splits import (
    SplitToCheck,
    config_splits,
    folder_splits,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', nargs='?', help='config file')
    add_cfg_options(parser)
    parser.add_argument('--work-dir', help='work dir of a pipeline config')
    parser.add_argument('--data-root', help='folder that holds JPEGImages')
    for role in ('train', 'val', 'test'):
        parser.add_argument(
            f'--{role}',
            help='list in ImageSets/Segmentation, or the path of a .txt',
        )
    parser.add_argument(
        '--label-file', help='CSV or JSON of weak labels, under the data root'
    )
    parser.add_argument(
        '--mask-dir',
        default='SegmentationClass',
        help='folder of the masks under the data root, or none',
    )
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument(
        '--classes', help='text file of the classes, background first'
    )
    classes.add_argument(
        '--classes-from', metavar='CONFIG', help='config that names them'
    )
    parser.add_argument(
        '--allow-overlap',
        action='store_true',
        help='take a training list that shares images with val or test',
    )
    add_max_contradictions(parser)
    parser.add_argument(
        '--skip-bad',
        metavar='DIR',
        help='write lists without the bad images to this folder',
    )
    parser.add_argument('--out', help='JSON file of the report')
    parser.add_argument(
        '--num-workers',
        type=worker_count,
        help='processes, by default as many as fit',
    )
    return parser.parse_args()


def find_splits(args: argparse.Namespace) -> list[SplitToCheck]:
    """Lists that the flags or the config name."""
    lists = {'train': args.train, 'val': args.val, 'test': args.test}
    if (args.config is None) == (args.data_root is None):
        raise UserError('give a config, or --data-root and lists')
    if args.config is not None:
        if any(lists.values()) or args.label_file:
            raise UserError('lists and labels are those of the config')
        splits, passed = config_splits(
            args.config, args.cfg_options, args.work_dir
        )
        for text in passed:
            print(f'NOTE: not checked: {text}')
        if not splits and not passed:
            raise UserError(f'{args.config} names no data set to check')
        return splits
    if not any(lists.values()):
        raise UserError('name a list with --train, --val or --test')
    classes = None
    if args.classes is not None:
        classes = read_class_file(args.classes)
    elif args.classes_from is not None:
        classes = config_classes(args.classes_from)
    mask_dir = None if args.mask_dir == 'none' else args.mask_dir
    return folder_splits(
        args.data_root, lists, args.label_file, mask_dir, classes
    )


def main() -> None:
    """Check, print the report, and write the files that are wanted."""
    args = parse_args()
    check_max_contradictions(args.max_contradictions)
    MMLogger.get_current_instance().setLevel('WARNING')
    report = check_splits(
        find_splits(args),
        args.num_workers,
        args.allow_overlap,
        args.max_contradictions,
    )
    for line in report.lines():
        print(line)
    if args.out:
        publish_summary(args.out, report.content())
    if args.skip_bad:
        report.require_sound(skip_bad=True)
        for path in report.write_clean_lists(args.skip_bad):
            print(f'Clean list: {path}')
    report.require_sound(skip_bad=bool(args.skip_bad))
    print('No fault found.' if not report.faults() else 'Bad images left out.')


if __name__ == '__main__':
    run_tool(main)
