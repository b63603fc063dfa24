"""A training before it starts: weights, batches, images per update."""

import logging
import os
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from projects.amr.errors import DataError, UserError
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    require_pretrained,
)
from projects.amr.runtime.checkpoints.resume import LAST, settle_resume


def settle_start(
    cfg: Config,
    resume: bool = False,
    random_init: bool = False,
    trust: bool = False,
) -> None:
    """Settle the weights that a training starts from.

    ``cfg`` gets ``resume``, and ``initialisation``, which checkpoints and
    summaries record. Ranks that the launcher starts again after one was lost
    resume, if there is a checkpoint.

    Raises CheckpointError if a given ``load_from`` cannot be resumed,
    MissingWeightsError if configured initial weights are missing.
    """
    restarted = int(os.environ.get('TORCHELASTIC_RESTART_COUNT') or 0) > 0
    cfg.resume = resume or (restarted and Path(cfg.work_dir, LAST).is_file())
    if cfg.resume:
        settle_resume(cfg, trust)
    if not random_init:
        require_pretrained(cfg.model)
        cfg.initialisation = 'as configured'
        return
    changed = drop_pretrained(cfg.model)
    cfg.initialisation = 'random (--no-pretrained)'
    print_log(
        '--no-pretrained: ALL WEIGHTS START AT RANDOM; results cannot be '
        f'compared with published ones. Changed: {changed or "nothing"}',
        'current',
        logging.WARNING,
    )


def require_batches(runner: Runner) -> None:
    """Refuse a training whose loader makes no batch (DataError).

    With ``drop_last`` a list of fewer images than a batch leaves nothing: with
    some schedules that ends in an assertion, with others in a checkpoint of
    untrained weights. Nor may one image be left for a loss between two. The
    loader is built here and stays.
    """
    loader, ranks = runner.train_loop.dataloader, runner.world_size
    images, batch = len(loader.dataset), loader.batch_size
    source = getattr(loader.dataset, 'ann_file', type(loader.dataset).__name__)
    if images == 0:
        raise DataError(
            f'no image to train on: {source} names none that has a label'
        )
    loss = runner.cfg.get('model', {}).get('loss_cps') or {}
    share = -(-images // ranks)
    if (
        loss.get('pairing') == 'first_two'
        and not loader.drop_last
        and share % batch == 1
    ):
        raise DataError(
            f"model.loss_cps.pairing is 'first_two', and of {share} images "
            f'in batches of {batch} one is left for the last batch. Set '
            'train_dataloader.drop_last=True'
        )
    if len(loader) == 0:
        raise DataError(
            f'{images} images to train on ({source}) are fewer than a batch '
            f'of {batch}{f" on {ranks} GPUs" if ranks > 1 else ""}, and '
            'incomplete batches are left out (drop_last): nothing would be '
            'trained. Label more images, or --cfg-options '
            f'train_dataloader.batch_size={max(images // ranks, 1)} or less, '
            'and the learning rate with it; in a pipeline, stage_overrides '
            'for this stage'
        )


def use_auto_scale_lr(cfg: Config) -> None:
    """Let mmengine scale the learning rate with the total batch size.

    mmengine compares processes x images per process with
    ``auto_scale_lr.base_batch_size`` and does not count accumulation, so the
    base is divided by it, in place. Raises UserError if there is none.
    """
    if not (cfg.get('auto_scale_lr') or {}).get('base_batch_size'):
        raise UserError(
            '--auto-scale-lr: set auto_scale_lr.base_batch_size, the total '
            'batch size that optim_wrapper.optimizer.lr is for'
        )
    cfg.auto_scale_lr.enable = True
    if _accumulation(cfg) > 1:
        cfg.auto_scale_lr.base_batch_size /= _accumulation(cfg)


def share_batch(cfg: Config, processes: int) -> None:
    """Divide a training's batch among processes, so that its total stays.

    ``batch_size`` is per process. Where it cannot be divided, the total
    changes a little and the learning rate with it.
    """
    loader = cfg.train_dataloader
    total = loader.get('batch_size') or 1
    loader.batch_size = max(round(total / processes), 1)
    if loader.batch_size * processes != total and cfg.get('auto_scale_lr'):
        use_auto_scale_lr(cfg)


def log_total_batch(runner: Runner) -> int:
    """Log the images per update; warn where the learning rate does not fit.

    They are processes x images per process x accumulated steps.
    """
    ranks, steps = runner.world_size, _accumulation(runner.cfg)
    images = runner.cfg.train_dataloader.get('batch_size') or 1
    total, scaling = ranks * images * steps, runner.auto_scale_lr or {}
    text = (
        f'Total batch size {total}: {ranks} processes x {images} images x '
        f'{steps} accumulated steps'
    )
    if scaling.get('enable') or not scaling.get('base_batch_size'):
        runner.logger.info(text)
        return total
    base = scaling['base_batch_size']
    text += f'; the learning rate is for {base}'
    if base != total:
        text += (
            '. Give --auto-scale-lr, or change train_dataloader.batch_size '
            'or optim_wrapper.accumulative_counts'
        )
    level = logging.INFO if base == total else logging.WARNING
    runner.logger.log(level, text)
    return total


def _accumulation(cfg: Config) -> int:
    """Steps whose gradients make one update."""
    return int(cfg.optim_wrapper.get('accumulative_counts', 1))
