"""Whether the learning rate's schedule is as long as the training."""

import logging

from mmengine.config import Config
from mmengine.logging import print_log

from projects.amr.errors import UserError

_TO_ZERO = ('PolyLR', 'CosineAnnealingLR')


def check_schedule_length(cfg: Config) -> None:
    """Refuse a training whose learning rate is 0 before its end.

    ``train_cfg.max_epochs`` and ``param_scheduler.end`` are two entries. With
    the first alone made larger, what comes after the schedule's end trains
    nothing and looks like training; made smaller, the rate never gets low,
    which is told.

    Args:
        cfg (Config): A training's config.

    Raises:
        UserError: If the schedule ends early at 0; both entries are named.
    """
    loop = cfg.train_cfg
    by_epoch = loop.get('by_epoch', 'Epoch' in str(loop.get('type', '')))
    unit = 'max_epochs' if by_epoch else 'max_iters'
    total, schedulers = loop.get(unit), cfg.get('param_scheduler') or []
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    if not total or not all(isinstance(s, dict) for s in schedulers):
        return
    ends = [
        scheduler.get('end')
        for scheduler in schedulers
        if bool(scheduler.get('by_epoch', True)) == bool(by_epoch)
    ]
    if len(ends) < len(schedulers) or not ends or None in ends:
        return
    last = schedulers[max(range(len(ends)), key=ends.__getitem__)]
    end = max(ends)
    key = 'param_scheduler.end'
    if len(schedulers) > 1:
        key = f'param_scheduler.{schedulers.index(last)}.end'
    zero = last.get('type') in _TO_ZERO and not last.get('eta_min')
    if end < total and zero:
        raise UserError(
            f'train_cfg.{unit} is {total}, and the learning rate is 0 from '
            f'{end} on ({key}): nothing would be learned after that. Set '
            f'{key}={total} too, or a smaller train_cfg.{unit}'
        )
    if end > total:
        print_log(
            f'train_cfg.{unit} is {total}, the schedule of the learning rate '
            f'goes to {end} ({key}): it ends half-way, at a high rate. Set '
            f'{key}={total} too unless that is meant',
            'current',
            logging.WARNING,
        )
