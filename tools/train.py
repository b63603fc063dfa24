#!/usr/bin/env python
"""Train a model: ``python tools/train.py CONFIG``."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from projects.amr.engine.mixed_precision import (
    AMP_TYPES,
    lone_amp,
    settle_half,
    use_amp,
)
from projects.amr.runtime.config.config_reading import require_keys
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    hold_work_dir,
    load_config,
    run_tool,
)
from projects.amr.workflow.launch.training import (
    log_total_batch,
    require_batches,
    settle_start,
    use_auto_scale_lr,
)

NEEDED = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue from the last checkpoint in the work dir; from the '
        'newest readable one, if that is damaged',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='auto',
        choices=AMP_TYPES,
        help='automatic mixed precision: alone, bfloat16 or else float16, as '
        'the GPU can; bf16 on a CPU too that has instructions for it',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the total batch size, linearly '
        'from auto_scale_lr.base_batch_size',
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='drop every pretrained initialisation: random weights',
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args(lone_amp(sys.argv[1:]))


def main() -> None:
    """Read the config, settle it, build the runner and train."""
    args = parse_args()
    cfg = load_config(args)
    require_keys(cfg, 'training', NEEDED)
    settle_config(cfg, ('train', 'val'), args.cfg_options)
    # One training at a time in a work dir.
    with hold_work_dir(cfg, 'train'):
        settle_start(
            cfg, args.resume, args.no_pretrained, args.trust_checkpoint
        )
        if args.amp:
            use_amp(cfg, args.amp)
        settle_half(cfg)
        if args.auto_scale_lr:
            use_auto_scale_lr(cfg)
        if 'runner_type' in cfg:
            runner = RUNNERS.build(cfg)
        else:
            runner = Runner.from_cfg(cfg)
        log_total_batch(runner)
        require_batches(runner)
        runner.train()


if __name__ == '__main__':
    run_tool(main)
