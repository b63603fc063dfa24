#!/usr/bin/env python
"""Corrected masks over pseudo labels: ``merge_labels.py PSEUDO FIXED OUT``.

OUT gets one ``<id>.png`` an image of the split: that of FIXED where there is
one, else that of PSEUDO. Neither is changed. Train on it with
``LABEL_DIR=OUT tools/train.py SEGMENTOR_CONFIG``. Run again, it makes what is
missing or whose source changed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    open_folder,
)
from projects.amr.workflow.labels.merging import MergeJob
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    for name, what in (
        ('pseudo_dir', 'folder of pseudo labels'),
        ('corrected_dir', 'folder of corrected label maps'),
        ('out_dir', 'folder to write'),
    ):
        parser.add_argument(name, type=Path, help=what)
    add_folder_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Merge."""
    args = parse_args()
    job = MergeJob(
        open_folder(args), args.pseudo_dir, args.corrected_dir, args.out_dir
    )
    job.prepare()
    results, kept = run_items(job, job.folder.ids, title='label maps')
    corrected = sum(kind == 'corrected' for kind in results.values())
    print(
        f'{args.out_dir}: {len(results):,} label maps, {corrected:,} of them '
        f'corrected; {kept:,} kept from an earlier run'
    )


if __name__ == '__main__':
    run_tool(main)
