"""Fit a config to another class list."""

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.datasets.own_photos.devkit_layout import LABEL_FILE
from projects.amr.errors import UserError
from projects.amr.structures.voc_palette import voc_palette

# Keys that hold a number of classes, wherever they are in a model.
COUNT_KEYS = ('num_classes', 'num_foreground')


def fit_class_file(cfg: Config) -> None:
    """Fit a config to its ``class_file``, if it names one, in place."""
    path = cfg.get('class_file')
    if path:
        fit_classes(cfg, read_class_file(path))


def fit_classes(cfg: Config, names: tuple[str, ...]) -> None:
    """Fit a config to a class list (background first), in place.

    All datasets get the names and VOC's colours. If the data root has a
    ``labels.csv`` (own data), weak labels come from it, images without one are
    kept, and there are no part maps. In the models, every count that was K or
    K + 1 for the config's own K foreground classes becomes that of the new
    list, in heads of any kind and depth. A count of the new list stays, so
    fitting twice is fitting once, and so does 0, a backbone without a head.

    Raises UserError if a count is none of these; the key is named.
    """
    roles = ('train', 'val', 'test')
    datasets = [
        dataset for role in roles for dataset in datasets_of(cfg, role)
    ]
    old = {len(dataset_classes(dataset)) for dataset in datasets}
    if len(old) > 1:
        raise UserError(
            f'datasets of the config have {sorted(old)} classes; class_file '
            'needs them to have one class list'
        )
    for dataset in datasets:
        _fit_dataset(dataset, names)
    if old:
        counts = (old.pop(), len(names))
        for key in ('model', 'tta_model'):
            if cfg.get(key):
                # What a config names twice (``{{_base_.model.head}}``)
                # becomes two, so that no count is fitted twice.
                cfg[key] = cfg[key].to_dict()
            for place, config, name in entries(cfg.get(key), key):
                if name in COUNT_KEYS and isinstance(config[name], int):
                    config[name] = _fitted(place, config[name], *counts)


def datasets_of(cfg: Config, role: str) -> list[dict]:
    """Configs of the ``'train'``, ``'val'`` or ``'test'`` set.

    One, or those that its wrappers hold; none without a loader.
    """
    loader = cfg.get(f'{role}_dataloader') or {}
    return [*_unwrapped(loader['dataset'])] if 'dataset' in loader else []


def _unwrapped(dataset: dict) -> Iterator[dict]:
    if 'dataset' in dataset:
        yield from _unwrapped(dataset['dataset'])
    elif 'datasets' in dataset:
        for inner in dataset['datasets']:
            yield from _unwrapped(inner)
    else:
        yield dataset


def dataset_classes(dataset: dict) -> tuple[str, ...]:
    """Class list of a dataset's config; () of a type that has none."""
    names = (dataset.get('metainfo') or {}).get('classes')
    if names is None:
        kind = DATASETS.get(dataset.get('type'))
        names = getattr(kind, 'METAINFO', {}).get('classes')
    return tuple(names or ())


def _fit_dataset(dataset: dict, names: tuple[str, ...]) -> None:
    """Give a dataset its classes, and its label file where there is one."""
    dataset['metainfo'] = {
        'classes': tuple(names),
        'palette': voc_palette(len(names)).tolist(),
    }
    if not Path(dataset.get('data_root') or '', LABEL_FILE).is_file():
        return
    if dataset['type'] == 'VOCWeakLabelDataset':
        dataset['label_source'] = 'file'
        dataset['label_file'] = LABEL_FILE
        # The import left out what is not wanted; the others are negatives.
        dataset.setdefault('no_label', 'keep')
    # Only ToyVOC has maps of object parts.
    dataset.get('data_prefix', {}).pop('part_map_path', None)


def entries(config, where: str) -> Iterator[tuple[str, dict, str]]:
    """Yield place, dict and key of each entry of a config, at any depth."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield f'{where}.{key}', config, key
            yield from entries(value, f'{where}.{key}')
    elif isinstance(config, (list, tuple)):
        for index, value in enumerate(config):
            yield from entries(value, f'{where}.{index}')


def _fitted(where: str, value: int, old: int, new: int) -> int:
    counts = {0: 0, new: new, new - 1: new - 1, old: new, old - 1: new - 1}
    if value not in counts:
        raise UserError(
            f'{where} = {value} counts neither the {old - 1} foreground '
            f'classes of the config nor these and the background, so it '
            'cannot be fitted to class_file'
        )
    return counts[value]
