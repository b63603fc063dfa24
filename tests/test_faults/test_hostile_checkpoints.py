"""Row 27 of the faults: a crafted checkpoint does nothing, wherever it is."""

import shutil

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from runner_configs import tiny_config
from tool_process import run_tool_process
from torch_versions import needs_safe_globals
from training_faults import write_trap

from model_configs import branch
from projects.amr.errors import CheckpointError
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading


@pytest.fixture
def trap(tmp_path):
    """A checkpoint that would make a folder, and the folder's name."""
    marker = tmp_path / 'trap was sprung'
    return write_trap(tmp_path / 'evil.pth', marker), marker


@pytest.mark.parametrize('kind', ['torch', '2', '4', 'npy'])
def test_fault27_refused_by_name(tmp_path, kind):
    marker = tmp_path / 'sprung'
    path = write_trap(tmp_path / 'evil.pth', marker, kind)
    words = r'evil\.pth refused: contains .*mkdir'
    if kind == 'npy':
        words = r'evil\.pth'
    with pytest.raises(CheckpointError, match=words) as caught:
        read_checkpoint(path)
    assert caught.value.exit_code == 3
    assert not marker.exists()


def test_fault27_trusted_files_are_unpickled(trap):
    path, marker = trap
    with pytest.raises(CheckpointError):
        read_checkpoint(path)
    read_checkpoint(path, trust=True)
    assert marker.exists()


@needs_safe_globals
def test_fault27_mmengines_own_checkpoints_are_read(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = {'best': np.float32(0.5), 'scalars': {'loss': history}}
    torch.save(content, tmp_path / 'a.pth')
    found = read_checkpoint(tmp_path / 'a.pth')
    assert found['best'] == 0.5
    assert found['scalars']['loss'].mean() == 1.5


@pytest.mark.parametrize(
    ('data', 'words'),
    [(b'', '0 bytes'), (b'no checkpoint', 'no readable'), (None, 'list')],
)
def test_fault27_other_files_are_named(tmp_path, data, words):
    path = tmp_path / 'odd.pth'
    if data is None:
        torch.save([1, 2], path)
    else:
        path.write_bytes(data)
    with pytest.raises(CheckpointError, match=rf'odd\.pth.*{words}'):
        read_checkpoint(path)
    with pytest.raises(CheckpointError, match='not found'):
        read_checkpoint(tmp_path / 'gone.pth')


def test_fault27_load_from_and_init_cfg(toy_root, tmp_path, trap):
    path, marker = trap
    use_strict_loading()
    cfg = tiny_config(toy_root, tmp_path / 'work', branch())
    cfg.experiment_name = tmp_path.name
    cfg.load_from = str(path)
    with pytest.raises(CheckpointError):
        Runner.from_cfg(cfg).load_or_resume()
    cfg.load_from = None
    cfg.model.backbone.init_cfg = {
        'type': 'Pretrained',
        'checkpoint': str(path),
    }
    cfg.experiment_name += 'init'
    with pytest.raises(CheckpointError):
        Runner.from_cfg(cfg).train()
    assert not marker.exists()


@pytest.mark.parametrize(
    'source', ['pavi://a.pth', 's3://b/a.pth', 'x:petrel://b/a.pth']
)
def test_fault27_other_backends_are_closed(source):
    use_strict_loading()
    with pytest.raises(Exception, match=r'not supported|not found'):
        CheckpointLoader.load_checkpoint(source, logger='silent')


def test_fault27_in_the_tools(undisturbed, killed, tmp_path, trap):
    path, marker = trap
    words = ('test.py', undisturbed.config, path, '--work-dir', 'test')
    output = run_tool_process(*words, cwd=tmp_path, code=3)
    assert 'ERROR: ' in output
    assert 'evil.pth refused: contains posix.mkdir' in output
    work = shutil.copytree(killed, tmp_path / 'work')
    shutil.copy(path, work / 'epoch_1.pth')
    short = ('--cfg-options', 'train_cfg.max_epochs=1')
    output = undisturbed.resumed(tmp_path, *short)
    assert 'epoch_1.pth refused' in output
    assert 'starting from the beginning' in output
    assert not marker.exists()
    words += ('--trust-checkpoint',)
    run_tool_process(*words, cwd=tmp_path, code=2)  # not this model's
    assert marker.exists()
