#!/usr/bin/env python
"""Write a pipeline's report again: ``make_report.py WORK_DIR``.

The page and its ``report_photos`` are made from ``summary.json`` in the work
dir and from the folders that it names; nothing is run.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser
from projects.amr.workflow.pipeline.summary import SUMMARY
from projects.amr.workflow.report.report_data import make_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('work_dir', type=Path, help='folder of a pipeline')
    parser.add_argument('--config', help='pipeline config to show as text')
    return parser.parse_args()


def read_summary(work_dir: Path) -> dict:
    """Read a pipeline's summary."""
    path = work_dir / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise UserError(
            f'no {SUMMARY} in {work_dir}: give the work dir of a pipeline '
            'that tools/run_pipeline.py has run'
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(
            f'{path} cannot be read ({error}): run the pipeline again'
        ) from None
    if not isinstance(summary, dict):
        raise UserError(f'{path} is no summary: run the pipeline again')
    return summary


def main() -> None:
    """Write the page."""
    args = parse_args()
    summary = read_summary(args.work_dir)
    cfg = None if args.config is None else read_config(args.config)
    try:
        page = make_report(args.work_dir, summary, cfg)
    except OSError as error:
        raise UserError(f'the report cannot be written ({error})') from None
    print(f'Report: {page}')


if __name__ == '__main__':
    run_tool(main)
