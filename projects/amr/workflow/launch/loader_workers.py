"""Loader processes: no more than there are cores for."""

import os
from collections.abc import Iterable

from mmengine.config import Config
from mmengine.logging import print_log

from projects.amr.cpu import usable_cores

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# How many ranks share the machine, as torchrun and Open MPI tell; Slurm gives
# each its own cores.
_LOCAL_RANKS = ('LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE')


def keeps_workers(cfg: Config, options: Iterable[str] | None) -> bool:
    """Whether the numbers of loader processes are somebody's choice.

    Args:
        cfg (Config): With ``keep_workers`` or without.
        options (Iterable[str], optional): Keys of ``--cfg-options``.

    Returns:
        bool: True if one of the options is a ``num_workers``.
    """
    chosen = (key.endswith('num_workers') for key in options or ())
    return bool(cfg.get('keep_workers')) or any(chosen)


def fit_workers(cfg: Config, options: Iterable[str] | None = None) -> None:
    """Lower ``num_workers`` of all loaders to the usable cores.

    The samples do not depend on it. A loader without processes gets no
    settings that need them.

    Args:
        cfg (Config): Changed in place.
        options (Iterable[str], optional): Keys of ``--cfg-options``; a
            ``num_workers`` among them leaves all as they are.
    """
    cores = max(1, usable_cores() // _local_ranks())
    lowered = []
    for name in LOADERS:
        loader = cfg.get(name)
        if not loader:
            continue
        wanted = loader.get('num_workers', 0)
        if wanted > cores and not keeps_workers(cfg, options):
            loader.num_workers = cores
            lowered.append(f'{name} {wanted}')
        if not loader.get('num_workers'):
            loader.persistent_workers = False
            loader.pop('prefetch_factor', None)
    if lowered:
        print_log(
            f'num_workers is {cores}, the cores of this process, not as in '
            f'the config ({", ".join(lowered)}); keep_workers=True keeps that',
            'current',
        )


def _local_ranks() -> int:
    """Processes of this run on this machine."""
    found = (os.environ.get(name) for name in _LOCAL_RANKS)
    return max(int(text or 1) for text in found)
