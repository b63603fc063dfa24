#!/usr/bin/env python
"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``.

A classifier writes one CAM record per image and prints CAM mIoU (at the fixed
threshold and at the best of the sweep) and classification mAP. An affinity
network writes one boundary map (IRNet, BES) or palette PNG (AffinityNet) per
image and prints pseudo-label mIoU, a segmentor palette PNGs and mIoU; on a
split without masks nothing is scored.
A frozen model, whose config has no training, takes its initial weights
without CHECKPOINT.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from projects.amr.engine.hooks.checkpoint_guard_hook import (
    INITIALISATION,
)
from projects.amr.engine.mixed_precision import settle_half
from projects.amr.errors import UserError
from projects.amr.evaluation.nested_results import take_nested_results
from projects.amr.runtime.checkpoints.checkpoint import unwrap_model
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
    require_pretrained,
)
from projects.amr.runtime.config.config_reading import require_keys
from projects.amr.runtime.files.atomic_write import write_json
from projects.amr.runtime.processes.stop_signals import (
    stop_tells,
    this_command,
)
from projects.amr.workflow.ablation.grid import SUMMARY
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    hold_work_dir,
    load_config,
    package_versions,
    run_tool,
    tool_parser,
)

WRITERS = ('cam_writer', 'boundary_writer', 'label_writer')
NEEDED = ('model', 'test_dataloader', 'test_cfg', 'test_evaluator')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint file; none: a frozen model'
    )
    parser.add_argument('--out', help='folder of the predictions')
    parser.add_argument(
        '--show-dir', help='folder of picture strips, one per image'
    )
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation'
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def set_hook_folder(cfg: Config, names: tuple[str, ...], folder: str) -> None:
    """Give the config's hook of one of the names its output folder."""
    named = cfg.get('default_hooks') or {}
    hooks = [named[name] for name in names if named.get(name)]
    if not hooks:
        raise UserError(
            f'the config has no default_hooks.{" or ".join(names)}'
        )
    hooks[0].out_dir = folder


def use_tta(cfg: Config) -> None:
    """Wrap the model for test-time augmentation, as mmseg does."""
    if 'tta_model' not in cfg:
        raise UserError(
            'the config has no tta_model; the scales and flip of a CAM '
            'classifier are set in model.test_cfg'
        )
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model


def others_of(checkpoint: Path, work_dir: Path) -> str:
    """Name the checkpoints that exist, if one is missing."""
    for folder in (checkpoint.parent, work_dir):
        found = [path.name for path in sorted(folder.glob('*.pth'))]
        if found:
            return f'{folder} holds {", ".join(found)}'
    return f'tools/train.py writes checkpoints to {work_dir}'


def settle_weights(cfg: Config, checkpoint: str | None) -> None:
    """Let all weights come from the checkpoint, or from a frozen model's."""
    if checkpoint is None:
        if cfg.get('train_dataloader') or not any(find_pretrained(cfg.model)):
            raise UserError(
                'name a checkpoint: only a config without train_dataloader, '
                'with a model.*.init_cfg.checkpoint, is tested without one. '
                f'{others_of(Path(cfg.work_dir, "*"), Path(cfg.work_dir))}'
            )
        require_pretrained(cfg.model)
        return
    if not Path(checkpoint).is_file():
        raise UserError(
            f'checkpoint not found: {checkpoint}. '
            f'{others_of(Path(checkpoint), Path(cfg.work_dir))}'
        )
    cfg.load_from = checkpoint
    drop_pretrained(cfg.model, unfreeze=False)  # all come from the checkpoint


def main() -> None:
    """Build the runner, test, and write the summary."""
    args = parse_args()
    cfg = load_config(args)
    require_keys(cfg, 'test', NEEDED)
    settle_config(cfg, ('test',), args.cfg_options)
    settle_half(cfg)
    settle_weights(cfg, args.checkpoint)
    if args.tta:
        use_tta(cfg)
    if args.out:
        set_hook_folder(cfg, WRITERS, args.out)
    if args.show_dir:
        set_hook_folder(cfg, ('visualization',), args.show_dir)
    with hold_work_dir(cfg, 'test'):
        runner = Runner.from_cfg(cfg)
        if args.checkpoint is None:
            unwrap_model(runner.model).init_weights()
        # A stop leaves no half file and says how to resume.
        kept = 'stopped; finished items are kept, this command resumes:'
        with stop_tells(lambda: f'{kept}\n  {this_command()}'):
            metrics = runner.test()
        if is_main_process():
            write_summary(runner, args, metrics)


def write_summary(runner: Runner, args, metrics: dict) -> None:
    """Write what was measured, and of what, to the work dir."""
    dataset = runner.test_dataloader.dataset
    summary = {
        'config': args.config,
        'checkpoint': args.checkpoint,
        INITIALISATION: runner.message_hub.get_info(INITIALISATION),
        'split': str(dataset.ann_file),
        'images': len(dataset),
        'seed': runner.seed,
        'metrics': metrics,
        'details': take_nested_results(),
        'versions': package_versions(),
    }
    path = Path(runner.work_dir) / SUMMARY
    write_json(path, summary, float)
    runner.logger.info(f'Summary: {path}')
    if str(summary[INITIALISATION]).startswith('random'):
        runner.logger.warning(
            'The model was trained from RANDOM weights (--no-pretrained): '
            'its scores cannot be compared with published ones.'
        )


if __name__ == '__main__':
    run_tool(main)
