#!/usr/bin/env python
"""Train a model: ``python tools/train.py CONFIG``."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from projects.amr.engine.mixed_precision import (
    AMP_TYPES,
    lone_amp,
    settle_half,
    use_amp,
)
from projects.amr.runtime.checkpoints.resume import settle_resume
from projects.amr.runtime.config.config_faults import require_keys
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.loader_workers import fit_workers
from projects.amr.workflow.launch.schedule_length import check_schedule_length
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    hold_work_dir,
    load_config,
    run_tool,
    settle_initial_weights,
    was_restarted,
)
from projects.amr.workflow.launch.total_batch import (
    log_total_batch,
    use_auto_scale_lr,
)
from projects.amr.workflow.launch.train_batches import require_batches

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
    """Train, as the only process of the work dir."""
    args = parse_args()
    cfg = load_config(args)
    require_keys(cfg, 'training', NEEDED)
    settle_config(cfg, ('train', 'val'))
    fit_workers(cfg, args.cfg_options)
    with hold_work_dir(cfg, 'train'):
        train(cfg, args)


def train(cfg: Config, args: argparse.Namespace) -> None:
    """Settle what the training starts from, build the runner, train."""
    # Ranks that are started again go on, if there is something to go on from.
    last = Path(cfg.work_dir) / 'last_checkpoint'
    cfg.resume = args.resume or (was_restarted() and last.is_file())
    if cfg.resume:
        settle_resume(cfg, args.trust_checkpoint)
    check_schedule_length(cfg)
    settle_initial_weights(cfg, args.no_pretrained)
    if args.amp:
        use_amp(cfg, args.amp)
    settle_half(cfg)
    if args.auto_scale_lr:
        use_auto_scale_lr(cfg)
    runner = (
        RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    )
    log_total_batch(runner)
    require_batches(runner)
    runner.train()


if __name__ == '__main__':
    run_tool(main)
