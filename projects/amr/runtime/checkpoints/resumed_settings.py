"""What a changed config cannot change in a training that is resumed."""

from mmengine.runner import Runner

from projects.amr.errors import UserError

# What moves while training goes on.
_PROGRESS = frozenset(
    {'params', 'lr', 'last_step', '_global_step', '_last_value', 'base_values'}
)
_PLAIN = (bool, int, float, str, tuple, list, type(None))


def require_same_settings(
    runner: Runner, checkpoint: dict, same_steps: bool = True
) -> None:
    """Refuse to resume where new settings would be put back in silence.

    A resumed training takes the optimizer's and the schedulers' state from
    the checkpoint, and with it their learning rate, momentum, decay, power
    and end, whatever the config says by now.

    Args:
        runner (Runner): In training, optimizer and schedulers built.
        checkpoint (dict): What it resumes from.
        same_steps (bool): Whether an epoch takes as many steps as it did;
            otherwise the schedulers are fitted, and not compared here.
            Defaults to True.

    Raises:
        UserError: If settings differ; they are named with both values.
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
            f'cannot resume: {"; ".join(changes)}. A resumed training goes on '
            "with the checkpoint's values, so the change would have no "
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
