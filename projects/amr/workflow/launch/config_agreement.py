"""Config entries that must agree, compared before any data are read."""

import inspect
import logging
import os
from collections.abc import Iterable, Iterator, Sequence

from mmengine.config import Config
from mmengine.logging import print_log
from mmseg.registry import OPTIMIZERS
from torch.utils.data import DataLoader

from projects.amr.cpu import usable_cores
from projects.amr.errors import UserError, did_you_mean
from projects.amr.workflow.launch.own_classes import (
    dataset_classes,
    datasets_of,
    entries,
)

# What torch's DataLoader takes with worker processes only.
_OF_WORKERS = ('persistent_workers', 'prefetch_factor', 'timeout')
_SEGMENTATION_HEADS = {'decode_head', 'auxiliary_head'}
_VALIDATION = ('val_cfg', 'val_dataloader', 'val_evaluator')
# How many ranks share the machine, as torchrun and Open MPI set it; Slurm
# gives each its own cores.
_LOCAL_RANKS = ('LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE')
_RANDOMNESS = ('seed', 'deterministic', 'diff_rank_seed')
_TO_ZERO = ('PolyLR', 'CosineAnnealingLR')


def settle_config(
    cfg: Config,
    roles: Sequence[str],
    options: Iterable[str] | None = None,
    log: bool = True,
) -> None:
    """Correct config entries that cannot be meant, in place; refuse others.

    Loaders get at most as many processes as there are usable cores, and no
    settings that need processes if they have none; images of several sizes are
    batched by size. ``roles`` are those of ``'train'``, ``'val'`` and
    ``'test'`` whose loaders will be used, ``options`` the keys of
    ``--cfg-options``.

    Raises UserError if entries contradict each other; both keys are named.
    """
    changes = []
    _check_randomness(cfg.get('randomness') or {})
    keep = keeps_workers(cfg, options)
    for role in roles:
        where, loader = f'{role}_dataloader', cfg.get(f'{role}_dataloader')
        if loader:
            _check_loader(where, loader)
            changes += _settle_workers(where, loader, keep)
            if role != 'train':
                changes += _settle_sizes(cfg, where, loader)
    _check_classes(cfg)
    if 'val' in roles:
        _check_validation(cfg)
    if 'train' in roles and cfg.get('train_dataloader'):
        _check_crop(cfg)
        _check_loop(cfg)
        _check_optimizer(cfg.get('optim_wrapper') or {})
        _check_pairing(cfg)
        changes += check_schedule_length(cfg)
    for text in changes if log else ():
        print_log(text, 'current', logging.WARNING)


def keeps_workers(cfg: Config, options: Iterable[str] | None) -> bool:
    """Return whether the user has chosen the numbers of loader processes.

    That is by ``keep_workers`` in the config, or a ``num_workers`` among the
    keys of ``--cfg-options``.
    """
    chosen = (key.endswith('num_workers') for key in options or ())
    return bool(cfg.get('keep_workers')) or any(chosen)


def _check_randomness(values: dict) -> None:
    """Refuse a seed that is none, and keys that mmengine does not know."""
    _check_keys('randomness', values, _RANDOMNESS)
    _check_number('randomness', values, 'seed', 0)


def _check_keys(where: str, values: dict, known: Iterable[str]) -> None:
    for key in values:
        if key not in known:
            raise UserError(
                f'{where}.{key} is unknown{did_you_mean(key, known)}'
            )


def _check_number(
    where: str, values: dict, key: str, least: int, kinds=int
) -> None:
    """Refuse an entry that is there and no number of at least so much."""
    value = values.get(key)
    if value is None:
        return
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if not number or value < least:
        raise UserError(
            f'{where}.{key} must be a number of at least {least}, got '
            f'{value!r}'
        )


def _check_loader(where: str, loader: dict) -> None:
    """Refuse arguments that a data loader lacks, and counts that are none."""
    known = {*inspect.signature(DataLoader).parameters, 'num_batch_per_epoch'}
    _check_keys(where, loader, known)
    _check_number(where, loader, 'batch_size', 1)
    _check_number(where, loader, 'num_workers', 0)
    if loader.get('num_workers'):
        _check_number(where, loader, 'prefetch_factor', 1)


def _settle_workers(where: str, loader: dict, keep: bool) -> Iterator[str]:
    """Lower the processes to the cores; drop what needs processes if none."""
    ranks = max(int(os.environ.get(name) or 1) for name in _LOCAL_RANKS)
    cores, wanted = max(1, usable_cores() // ranks), loader.get('num_workers')
    if wanted and wanted > cores and not keep:
        loader['num_workers'] = cores
        yield (
            f'{where}.num_workers is {cores}, the cores of this process, and '
            f'not {wanted} as in the config; keep_workers=True keeps that'
        )
    for key in _OF_WORKERS if not wanted else ():
        value = loader.get(key)
        if value:
            loader.pop(key)
            yield (
                f'{where}.{key}={value!r} needs worker processes, and '
                f'{where}.num_workers is 0: it is left out'
            )


def _settle_sizes(cfg: Config, where: str, loader: dict) -> list[str]:
    """Batch the images of a segmentor's test by size; it stacks them."""
    preprocessor = (cfg.get('model') or {}).get('data_preprocessor') or {}
    kind = str(preprocessor.get('type')).rpartition('.')[2]
    alone = loader.get('batch_size', 1) == 1 or loader.get('batch_sampler')
    if alone or kind != 'SegDataPreProcessor' or preprocessor.get('test_cfg'):
        return []
    loader['batch_sampler'] = {'type': 'SizeGroupedBatchSampler'}
    return [
        f'{where}.batch_size is {loader["batch_size"]} and '
        f'model.data_preprocessor.type is {kind}, which stacks images of one '
        f'size: {where}.batch_sampler.type is SizeGroupedBatchSampler'
    ]


def _check_crop(cfg: Config) -> None:
    """Compare the training crop with the size that batches are padded to."""
    size = (cfg.model.get('data_preprocessor') or {}).get('size')
    if size is None:
        return
    for dataset in datasets_of(cfg, 'train'):
        steps = dataset.get('pipeline') or ()
        crops = [
            (index, step['crop_size'])
            for index, step in enumerate(steps)
            if step.get('crop_size') is not None
        ]
        if not crops:
            continue
        index, crop = crops[-1]
        pairs = [
            (side, side) if isinstance(side, int) else tuple(side)
            for side in (crop, size)
        ]
        if pairs[0] != pairs[1]:
            key = f'train_dataloader.dataset.pipeline.{index}.crop_size'
            raise UserError(
                f'{key} is {crop} and model.data_preprocessor.size is {size}: '
                'crops are padded to that size, or cut. Set both alike'
            )


def _check_classes(cfg: Config) -> None:
    """Compare the class lists of all datasets, and the heads with them."""
    lists = dict(_class_lists(cfg))
    if not lists:
        return
    (where, names), *others = lists.items()
    for other, found in others:
        if found != names:
            raise UserError(
                f'{where} has {len(names)} classes and {other} has '
                f'{len(found)}, or others: all datasets of a config need one '
                'class list'
            )
    for key in ('model', 'tta_model'):
        for place, count, wanted in _counts(cfg.get(key), key, len(names)):
            if count != wanted:
                raise UserError(
                    f'{place} is {count}, and {where} has {len(names)} '
                    f'classes with the background: it must be {wanted}'
                )


def _class_lists(cfg: Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    for role in ('train', 'val', 'test'):
        for number, dataset in enumerate(datasets_of(cfg, role)):
            names = dataset_classes(dataset)
            key = f'{role}_dataloader.dataset.metainfo.classes'
            if number:
                key += f' (dataset {number + 1})'
            if not names:
                continue
            colours = (dataset.get('metainfo') or {}).get('palette')
            if colours and len(colours) != len(names):
                raise UserError(
                    f'{key} has {len(names)} names and palette '
                    f'{len(colours)} colours: there must be one per class'
                )
            yield key, names


def _counts(config, where: str, labels: int) -> Iterator[tuple[str, int, int]]:
    """Yield the key, the value and the right value of each class count."""
    for place, part, key in entries(config, where):
        value = part[key]
        weak = str(part.get('type')).endswith('CAMHead')
        segments = not _SEGMENTATION_HEADS.isdisjoint(place.split('.'))
        if key == 'num_classes' and (weak or segments):
            yield place, value, labels - weak
        elif key == 'class_weight' and isinstance(value, (list, tuple)):
            yield f'len({place})', len(value), labels - (not segments)


def _check_validation(cfg: Config) -> None:
    missing = [key for key in _VALIDATION if cfg.get(key) is None]
    if missing and len(missing) < len(_VALIDATION):
        there = [key for key in _VALIDATION if key not in missing]
        raise UserError(
            f'{", ".join(there)} without {", ".join(missing)}: give all of '
            'them, or set all to None to train without validation'
        )
    saver = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    if missing and saver.get('save_best'):
        raise UserError(
            f'default_hooks.checkpoint.save_best is {saver["save_best"]!r}, '
            f'and there is no validation ({", ".join(missing)})'
        )


def _loop(cfg: Config) -> tuple[dict, bool]:
    """A training's loop, and whether it counts epochs."""
    loop = cfg.get('train_cfg') or {}
    return loop, bool(loop.get('by_epoch', 'Epoch' in str(loop.get('type'))))


def _check_loop(cfg: Config) -> None:
    """Compare the kind of loop with what counts epochs or never ends one."""
    loop, by_epoch = _loop(cfg)
    for key in ('max_epochs', 'max_iters', 'val_interval'):
        _check_number('train_cfg', loop, key, 1, (int, float))
    kind = loop.get('type') or ''
    saver = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    _check_number('default_hooks.checkpoint', saver, 'interval', -1)
    if not by_epoch and saver.get('by_epoch', True) and saver:
        raise UserError(
            f'train_cfg.type is {kind} and default_hooks.checkpoint.by_epoch '
            'is True: no checkpoint would be written. Set it to False, and '
            'interval to a number of iterations'
        )
    sampler = (cfg.train_dataloader.get('sampler') or {}).get('type')
    if by_epoch and sampler == 'InfiniteSampler':
        raise UserError(
            'train_dataloader.sampler.type is InfiniteSampler and '
            f'train_cfg.type is {kind or "EpochBasedTrainLoop"}: its first '
            'epoch would never end. Take DefaultSampler, or '
            'IterBasedTrainLoop'
        )


def _check_optimizer(wrapper: dict) -> None:
    """Refuse an unknown optimiser, which mmengine takes for None."""
    _check_number('optim_wrapper', wrapper, 'accumulative_counts', 1)
    optimizer = wrapper.get('optimizer') or {}
    where, kind = 'optim_wrapper.optimizer', optimizer.get('type')
    _check_number(where, optimizer, 'lr', 0, (int, float))
    if isinstance(kind, str) and OPTIMIZERS.get(kind) is None:
        raise UserError(
            f'{where}.type {kind!r} is unknown'
            f'{did_you_mean(kind, OPTIMIZERS.parent.module_dict)}'
        )


def _check_pairing(cfg: Config) -> None:
    """Compare a loss between two images with the batch."""
    loss = cfg.model.get('loss_cps') or {}
    batch = cfg.train_dataloader.get('batch_size')
    if loss.get('pairing') == 'first_two' and batch == 1:
        raise UserError(
            "model.loss_cps.pairing is 'first_two' and "
            'train_dataloader.batch_size is 1: it needs two images per '
            "device. Raise the batch size, or take pairing='same_image'"
        )


def check_schedule_length(cfg: Config) -> list[str]:
    """Refuse a training whose learning rate is 0 before its end.

    ``train_cfg.max_epochs`` and ``param_scheduler.end`` are two entries. With
    only the first made larger, the epochs after the schedule's end learn
    nothing; made smaller, the rate never gets low, which is returned as a
    warning. Raises UserError if the schedule ends early at 0.
    """
    loop, by_epoch = _loop(cfg)
    unit = 'max_epochs' if by_epoch else 'max_iters'
    total, schedulers = loop.get(unit), cfg.get('param_scheduler') or []
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    for index, scheduler in enumerate(schedulers):
        where = f'param_scheduler.{index}'
        _check_number(where, scheduler, 'end', 1, (int, float))
    comparable = all(
        s.get('end') and bool(s.get('by_epoch', True)) == by_epoch
        for s in schedulers
    )
    if not total or not schedulers or not comparable:
        return []
    end, index = max((s['end'], i) for i, s in enumerate(schedulers))
    last, key = schedulers[index], 'param_scheduler.end'
    if len(schedulers) > 1:
        key = f'param_scheduler.{index}.end'
    zero = last.get('type') in _TO_ZERO and not last.get('eta_min')
    if end < total and zero:
        raise UserError(
            f'train_cfg.{unit} is {total}, and the learning rate is 0 from '
            f'{end} on ({key}): nothing would be learned after that. Set '
            f'{key}={total} too, or a smaller train_cfg.{unit}'
        )
    if end > total:
        return [
            f'train_cfg.{unit} is {total}, the schedule of the learning rate '
            f'goes to {end} ({key}): it ends half-way, at a high rate. Set '
            f'{key}={total} too unless that is meant'
        ]
    return []
