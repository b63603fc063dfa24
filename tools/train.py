#!/usr/bin/env python
"""Train a model: ``python tools/train.py CONFIG``."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402
from mmengine.runner import Runner  # noqa: E402
from mmseg.registry import RUNNERS  # noqa: E402

from projects.amr.engine.launch import (  # noqa: E402
    add_common_arguments,
    add_trust_argument,
    load_config,
    run_tool,
    settle_initial_weights,
)
from projects.amr.engine.resume import settle_resume  # noqa: E402
from projects.amr.errors import UserError  # noqa: E402


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
        '--amp', action='store_true', help='automatic mixed precision (GPU)'
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='drop every pretrained initialisation: random weights',
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Build the runner and train."""
    args = parse_args()
    cfg = load_config(args)
    cfg.resume = args.resume
    if cfg.resume:
        settle_resume(cfg, args.trust_checkpoint)
    settle_initial_weights(cfg, args.no_pretrained)
    if args.amp and cfg.optim_wrapper.type != 'AmpOptimWrapper':
        if not torch.cuda.is_available():
            raise UserError('--amp needs a GPU, and there is none here')
        if cfg.optim_wrapper.type != 'OptimWrapper':
            raise UserError(
                '--amp needs optim_wrapper.type OptimWrapper, got '
                f'{cfg.optim_wrapper.type}'
            )
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.loss_scale = 'dynamic'
    runner = (
        RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    )
    runner.train()


if __name__ == '__main__':
    run_tool(main)
