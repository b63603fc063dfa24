"""Resuming with another number of processes, or another batch size.

What a step sees changes, and in epoch-based training the number of steps an
epoch takes. The schedule is kept in epochs there, and in iterations where
the loop counts those; where neither can be kept, the run is refused.
"""

from mmengine.optim.scheduler.param_scheduler import INF
from mmengine.runner import EpochBasedTrainLoop, Runner

from projects.amr.errors import UserError

SCALE = 'parallel'


def describe_scale(runner: Runner) -> dict[str, int]:
    """How much a training step sees.

    Args:
        runner (Runner): In training.

    Returns:
        dict[str, int]: Processes, images a process, accumulated steps, and
        steps an epoch.
    """
    loader = runner.train_dataloader
    size = loader.batch_size or getattr(loader.batch_sampler, 'batch_size', 1)
    return {
        'world_size': int(runner.world_size),
        'batch_size': int(size),
        'accumulative_counts': accumulative_counts(runner),
        'steps_per_epoch': len(loader),
    }


def accumulative_counts(runner: Runner) -> int:
    """Steps whose gradients are summed before an update."""
    return int(getattr(runner.optim_wrapper, '_accumulative_counts', 1))


def effective_batch(scale: dict[str, int]) -> int:
    """Images an update of the weights sees.

    Example:
        >>> effective_batch(
        ...     dict(world_size=2, batch_size=4, accumulative_counts=1)
        ... )
        8
    """
    return (
        scale['world_size']
        * scale['batch_size']
        * scale['accumulative_counts']
    )


def fit_schedule(runner: Runner, checkpoint: dict) -> str | None:
    """Fit a checkpoint's progress to this run's steps, in place.

    Args:
        runner (Runner): In training, schedulers built, before it resumes.
        checkpoint (dict): Its ``meta`` and ``param_schedulers`` change where
            an epoch takes another number of steps.

    Returns:
        str | None: What is different, for the log; None if nothing is.

    Raises:
        UserError: If the schedule would change unnoticed.
    """
    old, new = checkpoint.get(SCALE), describe_scale(runner)
    if not isinstance(old, dict) or old == new:
        return None
    before, now = effective_batch(old), effective_batch(new)
    auto = runner.auto_scale_lr or {}
    if before != now and auto.get('enable'):
        raise UserError(
            f'cannot resume: auto_scale_lr is on and the effective batch '
            f'changes from {before} to {now} images, but a resumed run takes '
            "the checkpoint's learning rate, so it would not be scaled. Keep "
            'the effective batch (train_dataloader.batch_size, number of '
            'GPUs), or set auto_scale_lr.enable=False to go on with the '
            "checkpoint's learning rate"
        )
    text = (
        f'resuming with {new["world_size"]} process(es) of '
        f'{new["batch_size"]} images, the checkpoint had {old["world_size"]} '
        f'of {old["batch_size"]}: effective batch {before} -> {now}. Learning '
        'rate rule: as in the checkpoint, not scaled (auto_scale_lr is off)'
    )
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        return f'{text}; the schedule counts iterations and stays'
    if old['steps_per_epoch'] != new['steps_per_epoch']:
        _rescale(runner, checkpoint, old, new)
        text += (
            f'; an epoch takes {new["steps_per_epoch"]} steps in place of '
            f'{old["steps_per_epoch"]}, the schedule goes on at the same epoch'
        )
    return text


def _rescale(runner: Runner, checkpoint: dict, old: dict, new: dict) -> None:
    """Count progress in the new run's steps."""
    ratio = new['steps_per_epoch'] / old['steps_per_epoch']
    meta = checkpoint['meta']
    meta['iter'] = round(meta['iter'] * ratio)
    built, saved = runner.param_schedulers, checkpoint.get('param_schedulers')
    if saved is None or built is None:
        return
    groups = built if isinstance(built, dict) else {'': built}
    states = saved if isinstance(saved, dict) else {'': saved}
    for name, schedulers in groups.items():
        for scheduler, state in zip(schedulers, states[name], strict=True):
            if not scheduler.by_epoch:
                _rescale_scheduler(scheduler, state, ratio)


def _rescale_scheduler(scheduler, state: dict, ratio: float) -> None:
    """Move an iteration-based scheduler to the same part of its course."""
    done = state['last_step'] >= state.get('end', INF)
    fixed = scheduler.end == state.get('end') and scheduler.end != INF
    if fixed and not done:
        raise UserError(
            f'cannot resume: {type(scheduler).__name__} counts iterations '
            f'(up to {scheduler.end}) while training counts epochs, and an '
            f'epoch now takes {ratio:g} times the steps: the schedule would '
            'change. Resume with the same number of GPUs, or give '
            'param_scheduler by_epoch=True, convert_to_iter_based=True'
        )
    if not fixed:
        fresh = {k: v for k, v in scheduler.state_dict().items() if k in state}
        keep = {
            k: state[k] for k in ('_last_value', 'base_values') if k in state
        }
        state.update({**fresh, **keep, **_scaled(state, ratio)})


def _scaled(state: dict, ratio: float) -> dict:
    """Step counters in the new run's steps."""
    return {
        key: round(state[key] * ratio)
        for key in ('last_step', '_global_step')
        if key in state
    }
