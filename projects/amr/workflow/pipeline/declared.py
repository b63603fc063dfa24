"""The declared values that a stage's outcome depends on, and what changed.

Keyed on values, not on the text of files: comments, names of bases, worker
counts and log intervals make nothing stale.
"""

from mmengine.config import Config

from projects.amr.runtime.files.fingerprint import config_digest, without_keys

# How data is fetched, not what it is.
FETCHING = (
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'worker_init_fn',
)
TEST_HOOKS = (
    'BoundaryWriterHook',
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
)
PICTURE_HOOKS = ('CAMVisualizationHook', 'LabelVisualizationHook')
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


def train_values(cfg: Config) -> dict:
    """Values that a training's weights depend on.

    Args:
        cfg (Config): The resolved config.

    Returns:
        dict: A part of it: nothing of validation and test.
    """
    values = _pick(cfg, TRAIN_KEYS)
    for key in ('test_cfg', 'val_cfg'):
        values.get('model', {}).pop(key, None)
    for key in ('val_interval', 'val_begin', 'dynamic_intervals'):
        values.get('train_cfg', {}).pop(key, None)
    values['custom_hooks'] = _hooks(cfg, lambda t: t not in TEST_HOOKS)
    if (cfg.get('auto_scale_lr') or {}).get('enable'):
        values['auto_scale_lr'] = cfg.auto_scale_lr.to_dict()
    return without_keys(values, FETCHING)


def test_values(cfg: Config) -> dict:
    """Values that a test's outputs and figures depend on.

    Args:
        cfg (Config): The resolved config.

    Returns:
        dict: A part of it: nothing of training and initial weights.
    """
    values = _pick(cfg, TEST_KEYS)
    values.get('test_dataloader', {}).pop('batch_size', None)
    values['custom_hooks'] = _hooks(
        cfg, lambda t: t in TEST_HOOKS and t not in PICTURE_HOOKS
    )
    return without_keys(values, (*FETCHING, 'init_cfg', 'pretrained'))


def argument_values(arguments) -> dict[str, str]:
    """A command line by flags, for messages; the rest by position.

    The number of workers is left out: no outcome depends on it.

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


def describe_changes(before: dict, after: dict, limit: int = 3) -> list[str]:
    """Say what changed between two sets of flat values.

    Args:
        before (dict): Flat values of the earlier run.
        after (dict): Those of now.
        limit (int): How many are spelled out. Defaults to 3.

    Returns:
        list[str]: Such as ``fg_thr 0.3 -> 0.6``; digests only as ``changed``.

    Example:
        >>> describe_changes({'fg_thr': 0.3}, {'fg_thr': 0.6, 'crf': 'x'})
        ['fg_thr 0.3 -> 0.6', 'crf (new) x']
    """
    lines = []
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            lines.append(f'{key} {_short(before[key])} (gone)')
        elif key not in before:
            lines.append(f'{key} (new) {_short(after[key])}')
        elif before[key] != after[key]:
            lines.append(
                f'{key} {_short(before[key])} -> {_short(after[key])}'
            )
    more = len(lines) - limit
    return lines[:limit] + ([f'{more} more'] if more > 0 else [])


def values_digest(values: dict) -> str:
    """Digest of declared values."""
    return config_digest(values)


def _short(value) -> str:
    """A value for one line."""
    text = str(value)
    return text if len(text) <= 48 else f'{text[:45]}...'


def _pick(cfg: Config, keys) -> dict:
    """Plain copies of some of a config's entries."""
    plain = cfg.to_dict()
    return {key: plain[key] for key in keys if plain.get(key) is not None}


def _hooks(cfg: Config, wanted) -> list[dict]:
    """Hooks of wanted types, without names and where they write."""
    plain = cfg.to_dict()
    named = plain.get('default_hooks', {}).items()
    hooks = [hook for name, hook in named if name not in NEUTRAL_HOOKS]
    return [
        {key: v for key, v in hook.items() if key != 'out_dir'}
        for hook in hooks + plain.get('custom_hooks', [])
        if wanted(hook['type'])
    ]
