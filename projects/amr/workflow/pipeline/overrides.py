"""Change single stages of an inherited pipeline config.

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

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from mmengine.config import Config
from mmengine.config.config import DELETE_KEY

from projects.amr.errors import UserError, did_you_mean

KEY = 'stage_overrides'
PLACES = ('_before_', '_after_')
_HEADLINE = {'label', 'stage', 'metric'}
_BY_ENTRY = ('env', 'cfg_options', 'outputs')


def hint(name: str, known: Iterable[str]) -> str:
    """End of a message: the nearest known name, or else all of them.

    Example:
        >>> hint('seed', ['seeds', 'check'])
        " (did you mean 'seeds'?)"
    """
    known = list(known)
    listed = f'; known: {", ".join(known) or "none"}'
    return did_you_mean(name, known) or listed


def require_form(where: str, value, form: type = dict) -> None:
    """Refuse an entry that is no dict, or no list (UserError)."""
    if not isinstance(value, (list, tuple) if form is list else form):
        raise UserError(f'{where} must be a {form.__name__}, got {value!r}')


def use_stage_overrides(cfg: Config) -> None:
    """Apply a pipeline config's ``stage_overrides``, in place.

    Entries of ``headline`` and ``roles`` that name a removed stage go too.
    Raises UserError with the file's name if one of these entries is no dict or
    list, or see :func:`override_stages`.
    """
    overrides = cfg.pop(KEY, None) or {}
    before = cfg.get('stages') or []
    _check_forms(cfg, overrides)
    if not overrides:
        return
    try:
        cfg.stages = override_stages(before, overrides)
    except UserError as error:
        raise UserError(f'{cfg.filename}: {error}') from None
    kept = {stage['name'] for stage in cfg.stages}
    removed = {stage['name'] for stage in before} - kept
    if cfg.get('headline'):
        cfg.headline = [e for e in cfg.headline if e.stage not in removed]
    for role, text in list((cfg.get('roles') or {}).items()):
        if any(f'{{{name}.' in str(text) for name in removed):
            del cfg.roles[role]


def _check_forms(cfg: Config, overrides) -> None:
    lists = {key: cfg.get(key) or [] for key in ('stages', 'headline')}
    dicts = {KEY: overrides, 'roles': cfg.get('roles') or {}}
    for key, value in lists.items():
        require_form(f'{cfg.filename}: `{key}`', value, list)
        dicts |= {f'{key} {n}': item for n, item in enumerate(value, 1)}
    for key, value in dicts.items():
        require_form(f'{cfg.filename}: `{key}`', value)
    for entry in lists['headline']:
        if lacking := _HEADLINE - set(entry):
            raise UserError(
                f'{cfg.filename}: an entry of `headline` lacks '
                f'{", ".join(sorted(lacking))}: {entry!r}'
            )


def override_stages(
    stages: Sequence[Mapping], overrides: Mapping
) -> list[dict]:
    """Change, remove and insert stages by name or pattern, see above.

    The inherited ones are not changed. Raises UserError if a stage
    or place is unknown, a new stage's name is taken, or an override is neither
    a dict nor None.

    Example:
        >>> stages = [dict(name='a', env=dict(X='1')), dict(name='b')]
        >>> override_stages(stages, dict(a=dict(env=dict(Y='2')), b=None))
        [{'name': 'a', 'env': {'X': '1', 'Y': '2'}}]
    """
    names = [stage.get('name') for stage in stages]
    if not all(names) or len(set(names)) < len(names):
        raise UserError(
            f'each stage needs a `name` of its own, they are {names}'
        )
    # A removed stage stays as None: new ones may be put in its place.
    found = {stage['name']: dict(stage) for stage in stages}
    patterns = {k: v for k, v in overrides.items() if set(k) & set('*?[')}
    for pattern, override in patterns.items():
        matching = [n for n in names if fnmatchcase(n, pattern)]
        if not matching:
            raise _unknown(f'{KEY}: no stage matches {pattern!r}', found)
        for name in matching:
            found[name] = _changed(found, name, override)
    for name, override in overrides.items():
        if name in patterns:
            continue
        if isinstance(override, Mapping) and set(PLACES) & set(override):
            found = _inserted(found, name, dict(override))
        else:
            found[name] = _changed(found, name, override)
    return [stage for stage in found.values() if stage is not None]


def _changed(stages: Mapping, name: str, override) -> dict | None:
    """A stage with its override, None to remove it."""
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
        raise UserError(
            f'{KEY}.{name} must be a dict, or None to remove the stage, got '
            f'{override!r}'
        )
    if override.get('name', name) != name:
        raise UserError(
            f'{KEY}.{name} cannot rename the stage: others refer to it'
        )
    stage = {'name': name} if override.get(DELETE_KEY) else dict(old)
    for key, value in override.items():
        if key in _BY_ENTRY and isinstance(value, Mapping):
            before = stage.get(key)
            # The outputs of a test are a list, and replaced.
            merge = isinstance(before, Mapping) and not value.get(DELETE_KEY)
            new = {k: v for k, v in value.items() if k != DELETE_KEY}
            stage[key] = {**(before if merge else {}), **new}
        elif key != DELETE_KEY:
            stage[key] = value
    return stage


def _inserted(stages: dict, name: str, new: dict) -> dict:
    """Stages with one more, before or after another."""
    if stages.get(name) is not None:
        raise UserError(
            f'{KEY}.{name}: a new stage cannot have the name of another'
        )
    places = {place: new.pop(place) for place in PLACES if place in new}
    if len(places) > 1:
        raise UserError(
            f'{KEY}.{name} has both {" and ".join(PLACES)}: keep one'
        )
    ((place, anchor),) = places.items()
    order = [key for key in stages if key != name]
    if anchor not in order:
        raise _unknown(
            f'{KEY}.{name}: {place} names the unknown stage {anchor!r}', stages
        )
    order.insert(order.index(anchor) + (place == '_after_'), name)
    added = {**stages, name: {'name': name, **new}}
    return {key: added[key] for key in order}


def _unknown(text: str, stages: Mapping) -> UserError:
    """Error that lists the stages there are."""
    known = [name for name, stage in stages.items() if stage is not None]
    return UserError(f'{text}; known: {", ".join(known) or "none"}')
