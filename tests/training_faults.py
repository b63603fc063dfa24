"""Trainings on toy images in real processes, and ways to disturb them."""

import os
import pickle
import signal
from functools import partial
from pathlib import Path

from mmengine.runner.loops import EpochBasedTrainLoop, IterBasedTrainLoop
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor
from tool_process import ToolProcess, run_tool_process

from model_configs import branch


def classifier_file(toy_root: Path, folder: Path, workers: int = 0) -> Path:
    """A plain classifier: 3 epochs of 4 steps, one checkpoint kept."""
    cfg = tiny_config(toy_root, folder, branch())
    cfg.train_cfg.update(max_epochs=3, val_interval=2)
    cfg.param_scheduler.end = 3
    cfg.default_hooks.logger.interval = 1
    return _dumped(cfg, folder / 'classifier.py', workers)


def segmentor_file(toy_root: Path, folder: Path, workers: int = 0) -> Path:
    """A segmentor with dropout: 9 iterations, checkpoints every third."""
    cfg = tiny_segmentor(toy_root, folder)
    cfg.train_cfg.update(max_iters=9, val_interval=3)
    cfg.param_scheduler.end = 9
    cfg.default_hooks.checkpoint.update(interval=3, max_keep_ckpts=1)
    cfg.model.decode_head.dropout_ratio = 0.5
    return _dumped(cfg, folder / 'segmentor.py', workers)


def _dumped(cfg, path: Path, workers: int) -> Path:
    """Write a config that leaves the work dir to the command line."""
    cfg.train_dataloader.num_workers = workers
    cfg.train_dataloader.persistent_workers = workers > 0
    cfg.pop('work_dir')
    cfg.pop('launcher')
    cfg.dump(path)
    return path


def train(config: Path, work_dir: str, *flags, **options) -> str:
    """Train in a process of its own; returns its output."""
    return run_tool_process(
        'train.py',
        config,
        '--no-pretrained',
        '--work-dir',
        work_dir,
        *flags,
        **options,
    )


def train_on_two_ranks(config, folder: Path, port: int, **options) -> list:
    """Train on two ranks into ``folder/work``; returns both, ended."""
    ranks = []
    for rank in range(2):
        (folder / str(rank)).mkdir()
        ranks.append(
            ToolProcess(
                'train.py',
                config,
                '--no-pretrained',
                '--launcher',
                'pytorch',
                '--work-dir',
                folder / 'work',
                cwd=folder / str(rank),
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE='2',
                MASTER_ADDR='127.0.0.1',
                MASTER_PORT=str(port),
                **options,
            )
        )
    for rank in ranks:
        rank.wait(timeout=150)
    return ranks


def after_step(step: int, act) -> None:
    """A patch: do something when a training has done a number of steps."""

    def acting(run_iter):
        def run(loop, *args):
            run_iter(loop, *args)
            if loop.iter == step:
                act()

        return run

    for loop in (EpochBasedTrainLoop, IterBasedTrainLoop):
        loop.run_iter = acting(loop.run_iter)


def die() -> None:
    """SIGKILL to oneself."""
    os.kill(os.getpid(), signal.SIGKILL)


def signal_group(number: int, times: int = 1) -> None:
    """A signal to oneself and one's workers, as a terminal sends it."""
    for _ in range(times):
        os.killpg(os.getpid(), number)


def killed_after(step: int):
    """Patch for :class:`ToolProcess`: SIGKILL after a number of steps."""
    return partial(after_step, step, die)


def signalled_after(step: int, number: int, times: int = 1):
    """Patch for :class:`ToolProcess`: a signal after a number of steps."""
    return partial(after_step, step, partial(signal_group, number, times))


def killed_in_save(stage: str, name: str):
    """Patch for :class:`ToolProcess`: SIGKILL at a stage of a save."""
    return partial(_kill_in_save, stage, name)


def _kill_in_save(stage: str, name: str) -> None:
    """Die while a checkpoint of this name is published."""
    fsync, replace, remove = os.fsync, os.replace, os.remove

    def dying_fsync(handle):
        if name in os.readlink(f'/proc/self/fd/{handle}'):
            if stage == 'half written':
                os.truncate(handle, os.fstat(handle).st_size // 2)
            if stage in ('half written', 'written'):
                die()
        fsync(handle)

    def dying_replace(source, target):
        if name in str(target) and stage == 'verified':
            die()
        replace(source, target)
        if name in str(target) and stage == 'named':
            die()

    def dying_remove(path):
        if stage == 'noted':  # the new one is, the old one is to go
            die()
        remove(path)

    os.fsync, os.replace = dying_fsync, dying_replace
    os.remove = dying_remove


class Trap:
    """Unpickled in full, it makes a file."""

    def __init__(self, marker: Path):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def write_trap(path: Path, marker: Path, kind: str = 'torch') -> Path:
    """Write a file that makes the marker when it is unpickled in full."""
    import numpy as np
    import torch

    content = {'state_dict': {'weight': Trap(marker)}, 'meta': {}}
    if kind == 'torch':
        torch.save(content, path)
    elif kind == 'npy':
        with path.open('wb') as file:  # np.save appends .npy to a name
            np.save(file, np.array(content, dtype=object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(content, protocol=int(kind)))
    return path
