"""Images per update of the weights, and the learning rate that is for them."""

import logging

from mmengine.config import Config
from mmengine.runner import Runner

from projects.amr.errors import UserError


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
