"""A pipeline config on own photos: one more stage, and its outputs in use."""

from pathlib import Path

from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.workflow.pipeline.overrides import (
    override_stages,
    use_stage_overrides,
)

IMPORT = 'import_images'
CHECK = 'check_dataset.py'
NEEDED = ('image_dir', 'label_file')
CONTRADICTIONS = 'max_contradictions'
FLAGS = (
    *('classes', 'mask_dir', 'val_list', 'val_share', 'no_label'),
    CONTRADICTIONS,
)
SWITCHES = ('copy', 'skip_bad')
_PATHS = ('image_dir', 'label_file', 'classes', 'mask_dir', 'val_list')


def use_own_data(cfg: Config) -> None:
    """Put the import of own photos before a pipeline's stages.

    The stages get the imported folder as ``VOC_ROOT``, its class list as
    ``CLASS_FILE``, and it takes the place of the config's ``data_root``
    wherever a stage or role names that. ``stage_overrides`` are carried out
    before.

    Args:
        cfg (Config): Pipeline config, changed in place; without ``own_data``
            its stages stay as they are. ``own_data`` holds ``image_dir``,
            ``label_file`` and, by their names, further flags of
            tools/dataset_converters/import_images.py.

    Raises:
        UserError: If ``own_data`` lacks a key, has an unknown one, or names
            a file that is not there.
    """
    use_stage_overrides(cfg)
    if not cfg.get('own_data') or not cfg.get('stages'):
        return
    own = dict(cfg.pop('own_data'))
    _check(own)
    root = f'{{{IMPORT}.root}}'
    old = cfg.get('data_root')
    stages = [_moved(dict(stage), old, root) for stage in cfg.stages]
    _accept_contradictions(stages, own.get(CONTRADICTIONS))
    data = {'VOC_ROOT': root, 'CLASS_FILE': f'{{{IMPORT}.classes}}'}
    changed = override_stages(stages, {'*': {'env': data}})
    cfg.stages = [_import_stage(own), *changed]
    if cfg.get('roles'):
        roles = _moved(dict(cfg.roles), old, root)
        cfg.roles = {**roles, 'classes': f'{{{IMPORT}.classes}}'}


def _check(own: dict) -> None:
    """Refuse missing and unknown keys, and paths that lead nowhere."""
    known = (*NEEDED, *FLAGS, *SWITCHES)
    for key in own:
        if key not in known:
            raise UserError(
                f'own_data: unknown key {key!r}; known: {", ".join(known)}'
            )
    for key in NEEDED:
        if not own.get(key):
            raise UserError(f'own_data needs `{key}`')
    for key in _PATHS:
        if own.get(key) and not Path(own[key]).exists():
            raise UserError(f'own_data: {key} not found: {own[key]}')


def _import_stage(own: dict) -> dict:
    """Stage that makes the devkit folder."""
    target = '{stage}/VOC2012'
    arguments = [str(Path(own[key]).resolve()) for key in NEEDED]
    arguments.append(target)
    for key in FLAGS:
        if own.get(key) is not None:
            value = own[key]
            if key in _PATHS:
                value = Path(value).resolve()
            arguments += [_flag(key), str(value)]
    arguments += [_flag(key) for key in SWITCHES if own.get(key)]
    paths = (own.get(key) for key in _PATHS)
    return {
        'name': IMPORT,
        'kind': 'tool',
        'tool': 'dataset_converters/import_images.py',
        'arguments': arguments,
        'inputs': [str(Path(path).resolve()) for path in paths if path],
        'outputs': {'root': target, 'classes': f'{target}/classes.txt'},
    }


def _accept_contradictions(stages: list[dict], share: float | None) -> None:
    """Let checks of the data accept what the import accepts."""
    for stage in stages:
        if share is not None and stage.get('tool') == CHECK:
            flag = [_flag(CONTRADICTIONS), str(share)]
            stage['arguments'] = [*stage.get('arguments', ()), *flag]


def _flag(key: str) -> str:
    """Command-line flag of a key."""
    return f'--{key.replace("_", "-")}'


def _moved(value, old: str | None, root: str):
    """Put the imported folder in place of another, at any depth."""
    if isinstance(value, dict):
        return {key: _moved(item, old, root) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, root) for item in value)
    inside = (
        isinstance(value, str)
        and old
        and (value == old or value.startswith(f'{old}/'))
    )
    return root + value[len(old) :] if inside else value
