"""Checks and initial weights of a training, before it starts."""

import logging
import os
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from projects.amr.errors import DataError
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
