#!/usr/bin/env python
"""Walk CAM records over boundary maps and write pseudo labels.

``python tools/make_pseudo_labels.py CAM_DIR BOUNDARY_DIR --data-root VOC2012
--split train_aug --out-dir pseudo_labels``: the transform
``RandomWalkPseudoLabel`` over a folder. Finished label maps are kept, so the
same command goes on after a stop; --shard INDEX/COUNT shares the work among
processes and machines that see the same folders. Prints mIoU where there are
masks.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from projects.amr.ops.label_crf import crf_name
from projects.amr.ops.pseudo_label import NORMALIZATIONS
from projects.amr.ops.saliency import SALIENCY_RECIPES
from projects.amr.ops.walk_solvers import SOLVERS
from projects.amr.workflow.labels.label_job import LabelMapJob
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    add_generation_arguments,
    make_labels,
    open_folder,
    with_saliency,
)
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('cam_dir', help='folder of CAM records')
    parser.add_argument('boundary_dir', help='folder of boundary maps')
    parser.add_argument(
        '--branch', help="a branch's map in place of the final one"
    )
    parser.add_argument('--bg-thr', type=float, default=0.25)
    parser.add_argument('--cam-power', type=float, default=1.0)
    parser.add_argument('--radius', type=int, default=5)
    parser.add_argument('--beta', type=float, default=10.0)
    parser.add_argument('--exp-times', type=int, default=8)
    parser.add_argument(
        '--normalize',
        choices=[name or 'none' for name in NORMALIZATIONS],
        default='global',
    )
    parser.add_argument('--solver', choices=SOLVERS, default='auto')
    parser.add_argument(
        '--enlarge-by',
        type=int,
        metavar='FACTOR',
        help='enlarge walked maps so and cut them to the image (released '
        'code: 4) instead of resizing them',
    )
    parser.add_argument(
        '--saliency-rule',
        choices=SALIENCY_RECIPES,
        default='oaa',
        help='rule in place of --bg-thr, with --saliency-dir',
    )
    add_folder_arguments(parser)
    add_generation_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Make the pseudo labels."""
    args = parse_args()
    params = {
        'radius': args.radius,
        'beta': args.beta,
        'exp_times': args.exp_times,
        'cam_power': args.cam_power,
        'bg_thr': args.bg_thr,
        'normalize': None if args.normalize == 'none' else args.normalize,
        'solver': args.solver,
        'enlarge_by': args.enlarge_by,
        'crf': None if args.crf in (None, 'none') else args.crf,
    }
    transforms = [
        {'type': 'LoadWeakLabelImage'},
        {
            'type': 'LoadCAMRecord',
            'cam_dir': args.cam_dir,
            'branch': args.branch,
        },
        {'type': 'LoadBoundaryMap', 'boundary_dir': args.boundary_dir},
        {'type': 'RandomWalkPseudoLabel', **params},
    ]
    inputs = [args.cam_dir, args.boundary_dir]
    cue = with_saliency(args, transforms, inputs)
    settings = {
        'branch': args.branch,
        **params,
        'crf': crf_name(params['crf']),
    }
    if cue:
        transforms[-1]['saliency_rule'] = args.saliency_rule
        settings['saliency'] = f'with saliency ({args.saliency_rule})'
    job = LabelMapJob(
        open_folder(args), transforms, inputs, args.out_dir, settings
    )
    make_labels(job, args, f'pseudo labels{cue}', 'pseudo_labels_summary.json')


if __name__ == '__main__':
    run_tool(main)
