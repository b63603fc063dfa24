"""A pipeline like another one, but for single stages.

mmengine replaces a list as a whole, so a config that inherits ``stages``
changes single ones by ``stage_overrides``, a dict by name:

====================================  ========================================
``cam_train=dict(env=..., ...)``      these keys of the stage; the entries of
                                      ``env``, ``cfg_options`` and ``outputs``
                                      one by one, anything else as a whole
``'segmentor_*'=dict(...)``           the same for all inherited stages that
                                      match; before those named in full
``check=dict(_delete_=True, ...)``    nothing of the inherited stage stays;
                                      in ``env`` and the like, none of its
                                      entries
``check=None``                        no such stage
``draw=dict(_before_='check', ...)``  a new stage; or ``_after_``
====================================  ========================================
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from mmengine.config import Config
from mmengine.config.config import DELETE_KEY

from projects.amr.workflow.pipeline.config_error import PipelineConfigError

KEY = 'stage_overrides'
PLACES = ('_before_', '_after_')
_BY_ENTRY = ('env', 'cfg_options', 'outputs')


def use_stage_overrides(cfg: Config) -> None:
    """Carry out a pipeline config's ``stage_overrides``.

    Args:
        cfg (Config): Changed in place: its ``stages`` are the resolved ones,
            ``stage_overrides`` is gone, and so are entries of ``headline``
            and ``roles`` that name a removed stage.

    Raises:
        PipelineConfigError: See :func:`override_stages`.
    """
    overrides = cfg.pop(KEY, None)
    if not overrides:
        return
    before = cfg.get('stages') or []
    try:
        cfg.stages = override_stages(before, overrides)
    except PipelineConfigError as error:
        raise PipelineConfigError(f'{cfg.filename}: {error}') from None
    kept = {stage['name'] for stage in cfg.stages}
    _forget(cfg, {stage['name'] for stage in before} - kept)


def override_stages(
    stages: Sequence[Mapping], overrides: Mapping
) -> list[dict]:
    """Change, remove and insert stages by name.

    Args:
        stages (Sequence[Mapping]): Inherited ones, which stay as they are.
        overrides (Mapping): By name or pattern, see above.

    Returns:
        list[dict]: The resolved stages, in order.

    Raises:
        PipelineConfigError: If a stage or place is unknown, a new stage's
            name is taken, or an override is neither a dict nor None.

    Example:
        >>> stages = [dict(name='a', env=dict(X='1')), dict(name='b')]
        >>> override_stages(stages, dict(a=dict(env=dict(Y='2')), b=None))
        [{'name': 'a', 'env': {'X': '1', 'Y': '2'}}]
    """
    found = _by_name(stages)
    for pattern in filter(_is_pattern, overrides):
        matching = [name for name in found if fnmatchcase(name, pattern)]
        if not matching:
            raise _unknown(f'{KEY}: no stage matches {pattern!r}', found)
        for name in matching:
            found[name] = _changed(found, name, overrides[pattern])
    for name in overrides:
        override = overrides[name]
        if _is_pattern(name):
            continue
        if isinstance(override, Mapping) and set(PLACES) & set(override):
            found = _inserted(found, name, dict(override))
        else:
            found[name] = _changed(found, name, override)
    return [stage for stage in found.values() if stage is not None]


def _forget(cfg: Config, removed: set[str]) -> None:
    """Take out what the summary would say of removed stages."""
    if cfg.get('headline'):
        cfg.headline = [e for e in cfg.headline if e['stage'] not in removed]
    if cfg.get('roles'):
        cfg.roles = {
            role: text
            for role, text in cfg.roles.items()
            if not any(f'{{{name}.' in str(text) for name in removed)
        }


def _by_name(stages: Sequence[Mapping]) -> dict[str, dict]:
    """Stages by their names, which they must have."""
    found = {}
    for stage in stages:
        name = stage.get('name')
        if not name or name in found:
            raise PipelineConfigError(
                'each stage needs a `name` of its own, there are '
                f'{[other.get("name") for other in stages]}'
            )
        found[name] = dict(stage)
    return found


def _changed(stages: Mapping, name: str, override) -> dict | None:
    """A stage with its override, None where it is to go."""
    old = stages.get(name)
    if old is None:
        raise _unknown(
            f'{KEY}: no stage is called {name!r} (a new one needs `_before_` '
            'or `_after_`)',
            stages,
        )
    if override is None:
        return None
    if not isinstance(override, Mapping):
        raise PipelineConfigError(
            f'{KEY}.{name} must be a dict, or None to remove the stage, got '
            f'{override!r}'
        )
    if override.get('name', name) != name:
        raise PipelineConfigError(
            f'{KEY}.{name} cannot rename the stage: others refer to it'
        )
    if override.get(DELETE_KEY):
        old = {}
    stage = {**old, 'name': name}
    for key, value in override.items():
        if key in _BY_ENTRY and isinstance(value, Mapping):
            stage[key] = _merged(old.get(key), value)
        elif key != DELETE_KEY:
            stage[key] = value
    return stage


def _merged(old, new: Mapping) -> dict:
    """Entries of one key; the outputs of a test are a list, and replaced."""
    kept = {}
    if isinstance(old, Mapping) and not new.get(DELETE_KEY):
        kept = dict(old)
    return {**kept, **{k: v for k, v in new.items() if k != DELETE_KEY}}


def _inserted(stages: dict, name: str, new: dict) -> dict:
    """Stages with one more, beside another."""
    if stages.get(name) is not None:
        raise PipelineConfigError(
            f'{KEY}.{name}: there is a stage of this name, a new one needs '
            'another'
        )
    places = {place: new.pop(place) for place in PLACES if place in new}
    if len(places) > 1:
        raise PipelineConfigError(
            f'{KEY}.{name} has both {" and ".join(PLACES)}: keep one'
        )
    ((place, anchor),) = places.items()
    order = [key for key in stages if key != name]
    if anchor not in order:
        raise _unknown(
            f'{KEY}.{name}: {place} names {anchor!r}, which is no stage',
            stages,
        )
    order.insert(order.index(anchor) + (place == '_after_'), name)
    return {
        key: {'name': name, **new} if key == name else stages[key]
        for key in order
    }


def _is_pattern(name: str) -> bool:
    """Whether a name stands for all that match it."""
    return any(sign in name for sign in '*?[')


def _unknown(text: str, stages: Mapping) -> PipelineConfigError:
    """Error that lists the stages there are."""
    known = [name for name, stage in stages.items() if stage is not None]
    return PipelineConfigError(f'{text}; known: {", ".join(known) or "none"}')
