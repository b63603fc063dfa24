"""Resuming with other settings than the checkpoint's.

With another number of processes or another batch size, an epoch takes another
number of steps. The schedule is kept in epochs, or in iterations if the loop
counts those; if neither can be kept, the run is refused. So are other settings
of optimizer and schedule, which would have no effect.
"""

from mmengine.optim.scheduler.param_scheduler import INF
from mmengine.runner import EpochBasedTrainLoop, Runner

from projects.amr.errors import UserError

SCALE = 'parallel'
# What moves during training.
_PROGRESS = frozenset(
    {'params', 'lr', 'last_step', '_global_step', '_last_value', 'base_values'}
)
_PLAIN = (bool, int, float, str, tuple, list, type(None))


def describe_scale(runner: Runner) -> dict[str, int]:
    """Processes, images per process, accumulated steps, steps per epoch."""
    loader = runner.train_dataloader
    size = loader.batch_size or getattr(loader.batch_sampler, 'batch_size', 1)
    return {
        'world_size': int(runner.world_size),
        'batch_size': int(size),
        'accumulative_counts': accumulative_counts(runner.optim_wrapper),
        'steps_per_epoch': len(loader),
    }


def accumulative_counts(optim_wrapper) -> int:
    """Steps whose gradients are summed before an update."""
    return int(getattr(optim_wrapper, '_accumulative_counts', 1))


def effective_batch(scale: dict[str, int]) -> int:
    """Images per update of the weights."""
    return (
        scale['world_size']
        * scale['batch_size']
        * scale['accumulative_counts']
    )


def fit_schedule(runner: Runner, checkpoint: dict) -> str | None:
    """Fit a checkpoint's progress to this run's steps, in place.

    Its ``meta`` and ``param_schedulers`` change where an epoch takes another
    number of steps. Returns what is different, for the log. Raises UserError
    if the schedule would change unnoticed.
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
            'GPUs), or set auto_scale_lr.enable=False to resume with the '
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
            f'; an epoch takes {new["steps_per_epoch"]} steps, it took '
            f'{old["steps_per_epoch"]}; the schedule stays at the same epoch'
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
        steps = {
            k: round(state[k] * ratio)
            for k in ('last_step', '_global_step')
            if k in state
        }
        state.update({**fresh, **keep, **steps})


def require_same_settings(
    runner: Runner, checkpoint: dict, same_steps: bool = True
) -> None:
    """Refuse new settings that resuming would silently undo (UserError).

    A resumed training takes the optimizer's and the schedulers' state from the
    checkpoint, and with it their learning rate, momentum, decay, power and
    end, whatever the config says. Where an epoch takes another number of steps
    the schedulers are fitted, and not compared here.
    """
    changes = _differences(
        (checkpoint.get('optimizer') or {}).get('param_groups'),
        getattr(runner.optim_wrapper, 'param_groups', None),
        'optimizer',
    )
    built, saved = runner.param_schedulers, checkpoint.get('param_schedulers')
    if same_steps and isinstance(built, list) and isinstance(saved, list):
        names = ' and '.join(type(scheduler).__name__ for scheduler in built)
        states = [scheduler.state_dict() for scheduler in built]
        changes += _differences(saved, states, names)
    if changes:
        raise UserError(
            f'cannot resume: {"; ".join(changes)}. A resumed training keeps '
            "the checkpoint's values, so the change would have no "
            'effect. Put the config back, or start a new training from its '
            'weights: --cfg-options load_from=CHECKPOINT with another '
            '--work-dir, without --resume'
        )


def _differences(before, now, where: str) -> list[str]:
    """Settings that differ between lists of dicts of the same length."""
    if not isinstance(before, list) or not isinstance(now, list):
        return []
    if len(before) != len(now):
        return []
    found = {}
    for old, new in zip(before, now, strict=True):
        if not isinstance(old, dict):
            continue
        for key in (key for key in new if key in old and key not in _PROGRESS):
            # A scheduled momentum moves as the learning rate does.
            moving = f'initial_{key}' in new
            plain = isinstance(new[key], _PLAIN)
            if plain and not moving and old[key] != new[key]:
                name = key.removeprefix('initial_')
                found[f'{where} {name} {old[key]} -> {new[key]}'] = None
    return list(found)
