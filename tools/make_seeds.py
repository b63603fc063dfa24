#!/usr/bin/env python
"""Make seeds of CAM records: confident labels, the rest 255.

``python tools/make_seeds.py CAM_DIR --data-root VOC2012 --split train_aug
--out-dir seeds``. Finished seeds are kept, so the same command goes on after
a stop; --shard INDEX/COUNT shares the work among processes and machines that
see the same folders. Prints the share of labelled pixels and, where there are
masks, precision and recall of each class's seeds.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from projects.amr.errors import UserError
from projects.amr.ops.label_crf import crf_name
from projects.amr.ops.saliency import SALIENCY_RECIPES
from projects.amr.ops.seeds import SEED_RECIPES
from projects.amr.workflow.labels.label_job import LabelMapJob
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    add_generation_arguments,
    make_labels,
    open_folder,
    with_saliency,
)
from projects.amr.workflow.launch.tool_setup import run_tool

RECIPES = {**SEED_RECIPES, **SALIENCY_RECIPES}
FLAGS = {
    'irn': ('fg_thr', 'bg_thr'),
    'affinitynet': ('alpha_low', 'alpha_high'),
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('cam_dir', help='folder of CAM records')
    parser.add_argument('--recipe', choices=RECIPES, default='irn')
    parser.add_argument(
        '--branch', help="a branch's map in place of the final one"
    )
    for recipe, flags in FLAGS.items():
        defaults = SEED_RECIPES[recipe].__kwdefaults__
        for flag in flags:
            parser.add_argument(
                '--' + flag.replace('_', '-'),
                type=float,
                help=f'of recipe {recipe}, by default {defaults[flag]:g}',
            )
    add_folder_arguments(parser)
    add_generation_arguments(parser)
    return parser.parse_args()


def recipe_settings(args: argparse.Namespace) -> dict:
    """Return all parameters of the recipe, defaults included."""
    function = RECIPES[args.recipe]
    settings = dict(function.__kwdefaults__)
    for recipe, flags in FLAGS.items():
        for flag in flags:
            value = getattr(args, flag)
            if value is not None and recipe != args.recipe:
                raise UserError(
                    f'--{flag.replace("_", "-")} belongs to recipe {recipe}, '
                    f'not {args.recipe}'
                )
            if value is not None:
                settings[flag] = value
    salient = args.recipe in SALIENCY_RECIPES
    if salient and (args.crf is not None or args.saliency_dir is None):
        raise UserError(
            f'recipe {args.recipe} needs --saliency-dir, and has no CRF'
        )
    if args.crf is not None:
        settings['crf'] = None if args.crf == 'none' else args.crf
    return settings


def main() -> None:
    """Make the seeds."""
    args = parse_args()
    params = recipe_settings(args)
    settings = {'recipe': args.recipe, 'branch': args.branch, **params}
    transforms = [
        {'type': 'LoadWeakLabelImage'},
        {
            'type': 'LoadCAMRecord',
            'cam_dir': args.cam_dir,
            'branch': args.branch,
        },
        {'type': 'GenerateSeed', 'recipe': args.recipe, **params},
    ]
    inputs = [args.cam_dir]
    cue = with_saliency(args, transforms, inputs)
    if 'crf' in params:
        settings['crf'] = crf_name(params['crf'])
    if cue:
        settings['saliency'] = 'with saliency'
    job = LabelMapJob(
        open_folder(args), transforms, inputs, args.out_dir, settings
    )
    make_labels(job, args, f'seeds{cue}', 'seeds_summary.json')


if __name__ == '__main__':
    run_tool(main)
