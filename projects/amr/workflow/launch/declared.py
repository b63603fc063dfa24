"""The declared values that a training or a test depends on.

Keyed on values, not on the text of files: comments, names of bases, worker
counts and log intervals make nothing stale.
"""

from pathlib import Path

from mmengine.config import Config
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.engine.hooks.picture_strip_hook import PictureStripHook
from projects.amr.runtime.files.fingerprint import without_keys
from projects.amr.workflow.launch.own_classes import unwrapped

# How data is fetched, not what it is.
FETCHING = (
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'worker_init_fn',
)
# Entries of default_hooks that change no result but for rounding.
NEUTRAL_HOOKS = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
    'exact_resume',
    'finite_loss',
    'graceful_stop',
    'channels_last',
    'fuse_conv_bn',
)
TRAIN_KEYS = (
    'model',
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'randomness',
    'initialisation',
    'load_from',
)
TEST_KEYS = (
    'model',
    'test_dataloader',
    'test_evaluator',
    'test_cfg',
    'label_transform',
)
TTA_KEYS = ('tta_model', 'tta_pipeline')


def train_values(cfg: Config) -> dict:
    """Values of a config that a training's weights depend on."""
    values = _pick(cfg, TRAIN_KEYS)
    for key in ('test_cfg', 'val_cfg'):
        values.get('model', {}).pop(key, None)
    for key in ('val_interval', 'val_begin', 'dynamic_intervals'):
        values.get('train_cfg', {}).pop(key, None)
    of_tests = (ItemWriterHook, PictureStripHook)
    values['custom_hooks'] = [h for h in _hooks(cfg) if not _is(h, of_tests)]
    if (cfg.get('auto_scale_lr') or {}).get('enable'):
        values['auto_scale_lr'] = cfg.auto_scale_lr.to_dict()
    return without_keys(values, FETCHING)


def test_values(cfg: Config, tta: bool) -> dict:
    """Values that a test's outputs and figures depend on.

    Nothing of training and initial weights; of hooks those that write items,
    without where they write. ``tta``: whether it is a test with views.
    """
    values = _pick(cfg, TEST_KEYS + TTA_KEYS * tta)
    values.get('test_dataloader', {}).pop('batch_size', None)
    writers = [hook for hook in _hooks(cfg) if _is(hook, ItemWriterHook)]
    values['custom_hooks'] = writers
    return without_keys(values, (*FETCHING, 'init_cfg', 'pretrained'))


def list_files(cfg: Config, role: str) -> list[Path]:
    """Lists of images and label files of a ``'train'`` or ``'test'`` set."""
    loader = cfg.get(f'{role}_dataloader') or {}
    return [
        Path(dataset.get('data_root') or '', dataset[key])
        for dataset in unwrapped(loader.get('dataset', {}))
        for key in ('ann_file', 'label_file')
        if dataset.get(key)
    ]


def argument_values(arguments) -> dict[str, str]:
    """A command line by flags, the rest by position; no number of workers.

    Example:
        >>> argument_values(['in', '--fg-thr', '0.3', '--all', '--n', '1'])
        {'argument 1': 'in', 'fg_thr': '0.3', 'all': '', 'n': '1'}
    """
    values, flag, position = {}, None, 0
    for text in arguments:
        if text.startswith('--'):
            flag = text[2:].replace('-', '_')
            values[flag] = ''
        elif flag is not None:
            values[flag] = f'{values[flag]} {text}'.strip()
        else:
            position += 1
            values[f'argument {position}'] = text
    return without_keys(values, FETCHING)


def flatten(values, prefix: str = '') -> dict[str, object]:
    """Nested dicts and lists by dotted names.

    Example:
        >>> flatten({'a': {'b': 1, 'c': [2, {'d': 3}]}})
        {'a.b': 1, 'a.c.0': 2, 'a.c.1.d': 3}
    """
    if isinstance(values, dict) and values:
        items = values.items()
    elif isinstance(values, (list, tuple)) and values:
        items = enumerate(values)
    else:
        return {prefix[:-1]: values}
    flat = {}
    for key, value in items:
        flat.update(flatten(value, f'{prefix}{key}.'))
    return flat


def _pick(cfg: Config, keys) -> dict:
    """Plain copies of some of a config's entries."""
    plain = cfg.to_dict()
    return {key: plain[key] for key in keys if plain.get(key) is not None}


def _hooks(cfg: Config) -> list[dict]:
    """Hooks that matter, without names and where they write."""
    plain = cfg.to_dict()
    named = (plain.get('default_hooks') or {}).items()
    hooks = [hook for name, hook in named if name not in NEUTRAL_HOOKS]
    return [
        {key: value for key, value in hook.items() if key != 'out_dir'}
        for hook in [*hooks, *plain.get('custom_hooks', [])]
        if hook
    ]


def _is(hook: dict, kinds) -> bool:
    kind = HOOKS.get(hook['type'])
    return isinstance(kind, type) and issubclass(kind, kinds)
