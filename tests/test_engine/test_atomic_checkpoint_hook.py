"""What the hooks of a checkpoint publish, keep and remove."""

import errno
import io
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from segmentor_configs import tiny_segmentor

from projects.amr.errors import CheckpointError
from projects.amr.runtime.checkpoints.atomic_backend import (
    AtomicCheckpointBackend,
)
from projects.amr.runtime.checkpoints.checkpoint import (
    non_finite_names,
    restore_histories,
    to_plain,
)
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint

CONFIGS = Path(__file__).parents[2] / 'configs'


def as_bytes(content) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def training(toy_root, work_dir, scores, **checkpoint):
    """A training whose validations give these scores."""
    cfg = tiny_segmentor(toy_root, work_dir)
    cfg.train_cfg.update(max_iters=len(scores), val_interval=1)
    cfg.default_hooks.checkpoint.update(checkpoint)
    runner = Runner.from_cfg(cfg)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner._val_loop = runner.build_val_loop(runner._val_loop)
    given = iter(scores)

    def run():
        metrics = {'mIoU': np.float32(next(given))}
        runner.call_hook('before_val')
        runner.call_hook('after_val_epoch', metrics=metrics)
        runner.call_hook('after_val')

    runner._val_loop.run = run
    return runner


def names(folder):
    return {path.name for path in folder.glob('*.pth')}


def test_the_best_and_the_last_are_kept(toy_root, tmp_path):
    runner = training(
        toy_root,
        tmp_path,
        (0.1, 0.3, 0.2),
        interval=1,
        max_keep_ckpts=1,
        save_best='mIoU',
    )
    runner.train()
    assert names(tmp_path) == {'best_mIoU_iter_2.pth', 'iter_3.pth'}
    last = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    info = last['message_hub']['runtime_info']
    assert info['best_score'] == pytest.approx(0.3)
    assert info['keep_ckpt_ids'] == [3]
    assert last['superseded'] == ['iter_2.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(
        tmp_path / 'iter_3.pth'
    )


def test_an_old_file_goes_only_when_the_new_one_is_there(
    toy_root, tmp_path, monkeypatch
):
    runner = training(
        toy_root,
        tmp_path,
        (0.1, 0.3),
        interval=1,
        max_keep_ckpts=1,
        save_best='mIoU',
    )
    seen, put = [], AtomicCheckpointBackend.put

    def watch(self, obj, filepath):
        seen.append((Path(filepath).name, names(tmp_path)))
        put(self, obj, filepath)
        seen[-1][1].add('after') if Path(filepath).is_file() else None

    monkeypatch.setattr(AtomicCheckpointBackend, 'put', watch)
    runner.train()
    before = dict(reversed(seen))
    assert 'iter_1.pth' in before['iter_2.pth']
    assert 'best_mIoU_iter_1.pth' in before['best_mIoU_iter_2.pth']
    assert all('after' in there for _, there in seen)


def test_unreadable_checkpoints_are_not_published(tmp_path):
    backend = AtomicCheckpointBackend()
    good = as_bytes({'a': 1})
    backend.put(good, tmp_path / 'new' / 'a.pth')
    assert read_checkpoint(tmp_path / 'new' / 'a.pth') == {'a': 1}
    for bad in (good[:-50], as_bytes({'a': Path('x')})):
        with pytest.raises(CheckpointError, match=r'a\.pth'):
            backend.put(bad, tmp_path / 'new' / 'a.pth')
    assert read_checkpoint(tmp_path / 'new' / 'a.pth') == {'a': 1}
    assert [p.name for p in (tmp_path / 'new').iterdir()] == ['a.pth']


def test_disks_that_sync_no_folders_will_do(tmp_path, monkeypatch):
    """As those of CIFS, 9p and vboxsf."""
    fsync = os.fsync

    def files_alone(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, 'Invalid argument')
        fsync(handle)

    monkeypatch.setattr(os, 'fsync', files_alone)
    AtomicCheckpointBackend().put(as_bytes({'a': 1}), tmp_path / 'a.pth')
    assert read_checkpoint(tmp_path / 'a.pth') == {'a': 1}


def test_checkpoints_hold_plain_values(tmp_path):
    history = HistoryBuffer(max_length=7)
    for value in (1.0, 2.5):
        history.update(value)
    content = {
        'score': np.float32(0.5),
        'array': np.arange(3),
        'words': np.array(['a']),
        'path': Path('a/b'),
        'nested': [(np.int64(1), {'x': np.bool_(True)})],
        'loss': history,
    }
    torch.save(to_plain(content), tmp_path / 'a.pth')
    found = torch.load(tmp_path / 'a.pth', weights_only=True)
    assert found['score'] == 0.5
    assert found['array'].tolist() == [0, 1, 2]
    assert (found['words'], found['path']) == (['a'], 'a/b')
    assert found['nested'] == [(1, {'x': True})]
    restore_histories(found)
    assert found['loss'].max_length == 7
    assert found['loss'].data[0].tolist() == [1.0, 2.5]
    assert found['loss'].mean() == history.mean()


def test_infinite_masks_are_no_fault_and_nan_is():
    model = torch.nn.BatchNorm1d(2)
    assert non_finite_names(model) == []
    model.register_buffer('mask', torch.full((2,), -torch.inf))
    assert non_finite_names(model) == []
    model.running_var[0] = torch.nan
    model.bias.data[1] = torch.inf
    assert non_finite_names(model) == ['bias', 'running_var']


@pytest.mark.parametrize(
    'path', sorted((CONFIGS / '_base_' / 'schedules').glob('*.py')), ids=str
)
def test_every_schedule_has_the_hooks_of_a_safe_training(path):
    hooks = Config.fromfile(path).default_hooks
    types = {hook.type for hook in hooks.values()}
    assert {
        'AtomicCheckpointHook',
        'ExactResumeHook',
        'GracefulStopHook',
        'NonFiniteLossHook',
    } <= types
    assert CheckpointHook.__name__ not in types
