"""The declared values that a training or a test depends on.

Keyed on values, not on the text of files: comments, names of bases, worker
counts and log intervals make nothing stale.
"""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import DATASETS, HOOKS

from projects.amr.datasets import VOCLabelMapDataset
from projects.amr.datasets.transforms.loading import loads_masks
from projects.amr.datasets.voc.voc_weak_label import VOC_FOLDERS
from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.engine.hooks.picture_strip_hook import PictureStripHook
from projects.amr.runtime.files.fingerprint import without_keys
from projects.amr.workflow.launch.own_classes import datasets_of

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
    hooks = [h for h in _hooks(cfg) if not _is(h, HOOKS, of_tests)]
    values['custom_hooks'] = hooks
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
    writers = [h for h in _hooks(cfg) if _is(h, HOOKS, ItemWriterHook)]
    values['custom_hooks'] = writers
    return without_keys(values, (*FETCHING, 'init_cfg', 'pretrained'))


def list_files(cfg: Config, role: str) -> list[Path]:
    """Lists of images and label files of a ``'train'`` or ``'test'`` set."""
    return [
        Path(dataset.get('data_root') or '', dataset[key])
        for dataset in datasets_of(cfg, role)
        for key in ('ann_file', 'label_file')
        if dataset.get(key)
    ]


def data_folders(dataset: dict, scored: bool) -> dict[str, Path]:
    """Folders that a dataset's config reads, by the keys of ``data_prefix``.

    Annotations are read where weak labels come from them; masks if the set is
    ``scored``, or for labels or a step of its pipeline.
    """
    maps = _is(dataset, DATASETS, VOCLabelMapDataset)
    source = 'mask' if maps else dataset.get('label_source', 'xml')
    steps = dataset.get('pipeline') or ()
    masks = scored or source == 'mask' or any(map(loads_masks, steps))
    read = {'xml_path': source == 'xml', 'seg_map_path': masks}
    root = Path(dataset.get('data_root') or '')
    folders = {**VOC_FOLDERS, **(dataset.get('data_prefix') or {})}
    return {
        key: root / name
        for key, name in folders.items()
        if name and read.get(key, True)
    }


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


def _is(config: dict, registry: Registry, kinds) -> bool:
    kind = registry.get(config['type'])
    return isinstance(kind, type) and issubclass(kind, kinds)
