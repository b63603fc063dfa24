#!/usr/bin/env python
"""Run a whole pipeline: ``python tools/run_pipeline.py PIPELINE_CONFIG``.

Stages run in order, each as its own process. Finished stages are kept; those
that a changed config, list, image, label or checkpoint made stale are re-run,
and the message says what changed. After a stop or kill the same command goes
on. The outcome is ``summary.json`` and ``report.html`` in the work dir.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.logging import MMLogger

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import add_cfg_options
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.stop_signals import (
    same_command_goes_on,
    stop_tells,
)
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser
from projects.amr.workflow.pipeline.runner import PipelineRunner
from projects.amr.workflow.pipeline.stages import choose
from projects.amr.workflow.pipeline.summary import summarize, write_summary
from projects.amr.workflow.pipeline.workspace import read_pipeline
from projects.amr.workflow.report.report_data import make_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='pipeline config')
    parser.add_argument('--work-dir', help='folder of all outputs')
    parser.add_argument(
        '--from', dest='first', metavar='STAGE', help='first stage to look at'
    )
    parser.add_argument(
        '--to', dest='last', metavar='STAGE', help='last stage to look at'
    )
    parser.add_argument(
        '--force', action='store_true', help='run finished stages again'
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='say what would run, and why; change nothing',
    )
    parser.add_argument('--seed', type=int, help='of all trainings')
    parser.add_argument(
        '--gpus', type=int, default=1, help='processes of a training or test'
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='random initial weights, as in tools/train.py',
    )
    add_cfg_options(
        parser,
        'overrides of every training and test config, as key=value; those of '
        'own_data and stage_overrides change the pipeline, see '
        'configs/pipelines',
    )
    return parser.parse_args()


def main() -> None:
    """Run the stages, then write summary and report."""
    args = parse_args()
    if args.gpus < 1:
        raise UserError(f'--gpus must be at least 1, got {args.gpus}')
    # Each reading of a config would log its environment variables.
    MMLogger.get_current_instance().setLevel('WARNING')
    began = time.time()
    space = read_pipeline(
        args.config,
        args.work_dir,
        args.seed,
        args.no_pretrained,
        args.cfg_options,
    )
    reporter = Reporter()
    runner = PipelineRunner(space, reporter, args.gpus)
    chosen = choose(space.stages, args.first, args.last)
    if args.dry_run:
        for name, what in runner.explain(chosen, args.force):
            print(f'{name}: {what}')
        return
    with work_dir_lock(space.work_dir) as stale:
        if stale:
            reporter.step(f'removed the lock of {stale}, which has ended')
        with stop_tells(same_command_goes_on):
            runner.run(chosen, args.force)
        summary = summarize(space, runner.status, time.time() - began)
        path = write_summary(space.work_dir, summary)
        report = make_report(space.work_dir, summary, space.cfg)
    show(summary, path, report)


def show(summary: dict, path: Path, report: Path) -> None:
    """Print the outcome."""
    print(f'\n{summary["roles"]["title"] or summary["pipeline"]}, in percent')
    for entry in summary['headline']:
        value = entry['value']
        figure = '   -' if value is None else f'{value:4.1f}'
        policy = entry['threshold_policy']
        note = f'   (threshold {policy})' if policy else ''
        print(f'  {entry["label"]:42s} {figure}{note}')
    print(f'Summary: {path}\nReport:  {report}')


if __name__ == '__main__':
    run_tool(main)
