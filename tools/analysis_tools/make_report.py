#!/usr/bin/env python
"""Write a pipeline's report again: ``make_report.py WORK_DIR``.

The page and its ``report_photos`` are made from ``summary.json`` in the work
dir and from the folders that it names; nothing is run.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.runtime.config.config_reading import read_config
from projects.amr.runtime.files.atomic_write import writing
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser
from projects.amr.workflow.pipeline.summary import SUMMARY, read_summary
from projects.amr.workflow.report.report_data import make_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('work_dir', type=Path, help='folder of a pipeline')
    parser.add_argument('--config', help='pipeline config to show as text')
    return parser.parse_args()


def main() -> None:
    """Write the page."""
    args = parse_args()
    summary = read_summary(args.work_dir / SUMMARY)
    cfg = None if args.config is None else read_config(args.config)
    with writing(args.work_dir):
        print(f'Report: {make_report(args.work_dir, summary, cfg)}')


if __name__ == '__main__':
    run_tool(main)
