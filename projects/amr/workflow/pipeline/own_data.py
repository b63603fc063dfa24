"""Run a pipeline on own photos: import them first, and use the result."""

from pathlib import Path

from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.workflow.pipeline.overrides import (
    override_stages,
    require_form,
    use_stage_overrides,
)

IMPORT = 'import_images'
CHECK = 'check_dataset.py'
CONTRADICTIONS = 'max_contradictions'
NEEDED = ('image_dir', 'label_file')
_PATHS = (*NEEDED, 'classes', 'mask_dir', 'val_list')
_SWITCHES = ('copy', 'skip_bad')
# Flags of import_images.py, in the order of the command line.
FLAGS = (*_PATHS[2:], 'val_share', 'no_label', CONTRADICTIONS, *_SWITCHES)


def use_own_data(cfg: Config) -> None:
    """Put the import of own photos before a pipeline's stages, in place.

    ``own_data`` holds ``image_dir``, ``label_file`` and further flags of
    tools/dataset_converters/import_images.py, by name. The stages get the
    imported folder as ``VOC_ROOT`` and its class list as ``CLASS_FILE``; the
    folder replaces the config's ``data_root`` wherever a stage or role names
    that. ``stage_overrides`` are applied before.

    Raises UserError if ``own_data`` lacks a key, has an unknown one, or names
    a missing file.
    """
    use_stage_overrides(cfg)
    if not cfg.get('own_data') or not cfg.get('stages'):
        return
    own = cfg.pop('own_data')
    _check(own)
    root, classes = f'{{{IMPORT}.root}}', f'{{{IMPORT}.classes}}'
    old = cfg.get('data_root')
    stages = [_moved(stage, old, root) for stage in cfg.stages]
    for stage in stages:
        # A check of the data accepts what the import accepts.
        if CONTRADICTIONS in own and stage.get('tool') == CHECK:
            flag = [_flag(CONTRADICTIONS), str(own[CONTRADICTIONS])]
            stage['arguments'] = [*stage.get('arguments', ()), *flag]
    env = {'VOC_ROOT': root, 'CLASS_FILE': classes}
    cfg.stages = [
        _import_stage(own),
        *override_stages(stages, {'*': {'env': env}}),
    ]
    if cfg.get('roles'):
        roles = _moved(cfg.roles, old, root)
        cfg.roles = {**roles, 'classes': classes}


def _check(own: dict) -> None:
    require_form('own_data', own)
    known = (*NEEDED, *FLAGS)
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
    target = '{stage}/VOC2012'
    paths = {k: str(Path(own[k]).resolve()) for k in _PATHS if own.get(k)}
    arguments = [*(paths[key] for key in NEEDED), target]
    for key in FLAGS:
        value = paths.get(key, own.get(key))
        if key in _SWITCHES:
            arguments += [_flag(key)] if value else []
        elif value is not None:
            arguments += [_flag(key), str(value)]
    return {
        'name': IMPORT,
        'kind': 'tool',
        'tool': 'dataset_converters/import_images.py',
        'arguments': arguments,
        'inputs': list(paths.values()),
        'outputs': {'root': target, 'classes': f'{target}/classes.txt'},
    }


def _flag(key: str) -> str:
    return f'--{key.replace("_", "-")}'


def _moved(value, old: str | None, root: str):
    """Replace a folder by the imported one, at any depth."""
    if isinstance(value, dict):
        return {key: _moved(item, old, root) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, root) for item in value)
    if not old or not isinstance(value, str):
        return value
    inside = value == old or value.startswith(f'{old}/')
    return root + value[len(old) :] if inside else value
