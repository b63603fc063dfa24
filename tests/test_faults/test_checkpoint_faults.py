"""Rows 1 to 3 of the faults: kills while saving, damaged checkpoints."""

import shutil

import pytest
from mmengine.config import Config
from tool_process import state_digest
from training_faults import killed_in_save, write_trap

from projects.amr.errors import CheckpointError
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.resume import (
    find_resume_point,
    settle_resume,
)

LEFT = 'removed what a killed run left'


@pytest.fixture
def work(killed, tmp_path):
    """A copy of a work dir whose training was killed in its second epoch."""
    return shutil.copytree(killed, tmp_path / 'work')


@pytest.fixture(scope='module')
def two_epochs(undisturbed, killed, tmp_path_factory):
    """The same with two epochs done and both checkpoints kept."""
    folder = tmp_path_factory.mktemp('two')
    work = shutil.copytree(killed, folder / 'work')
    undisturbed.resumed(
        folder,
        *('--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=2'),
        patch=killed_in_save('half written', 'epoch_3'),
        code=137,
    )
    return work


@pytest.mark.parametrize(
    ('stage', 'temporary', 'names'),
    [
        ('half written', 1, {'epoch_1.pth'}),
        ('written', 1, {'epoch_1.pth'}),
        ('verified', 1, {'epoch_1.pth'}),
        ('named', 0, {'epoch_1.pth', 'epoch_2.pth'}),
        ('noted', 0, {'epoch_1.pth', 'epoch_2.pth'}),
    ],
)
def test_fault01_fault02_kill_while_saving(
    undisturbed, work, stage, temporary, names
):
    """One checkpoint is kept, and there is one at every moment."""
    patch = killed_in_save(stage, 'epoch_2')
    undisturbed.resumed(work.parent, patch=patch, code=137)
    assert {path.name for path in work.glob('*.pth')} == names
    for path in work.glob('*.pth'):
        read_checkpoint(path)
    assert len(list(work.glob('.*.tmp'))) == temporary
    point, notes = find_resume_point(work)
    assert point.epoch == (2 if stage == 'noted' else 1)
    assert notes == []
    output = undisturbed.resumed(work.parent)
    assert (output.count(LEFT) == 1) == (stage != 'named')
    assert {path.name for path in work.glob('*.pth')} == {'epoch_3.pth'}
    assert not list(work.glob('.*.tmp'))
    assert state_digest(work / 'epoch_3.pth') == undisturbed.digest


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == 'missing':
        path.unlink()
    elif how == 'truncated':
        path.write_bytes(data[: len(data) * 2 // 3])
    elif how == 'empty':
        path.write_bytes(b'')
    elif how == 'changed bytes':
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        write_trap(path, path.parent / 'trap')


@pytest.mark.parametrize(
    'how', ['missing', 'truncated', 'empty', 'changed bytes', 'trap']
)
def test_fault03_falls_back_to_the_newest_that_loads(
    two_epochs, tmp_path, how
):
    work = shutil.copytree(two_epochs, tmp_path / 'work')
    damage(work / 'epoch_2.pth', how)
    point, notes = find_resume_point(work)
    assert point.path.name == 'epoch_1.pth'
    assert (point.epoch, point.iteration) == (1, 4)
    text = '\n'.join(notes)
    assert 'epoch_2.pth' in text
    assert '1 epochs, 4 iterations are lost' in text
    assert not (work / 'trap').exists()


def test_fault03_resumed_from_the_fallback(undisturbed, two_epochs, tmp_path):
    work = shutil.copytree(two_epochs, tmp_path / 'work')
    damage(work / 'epoch_2.pth', 'changed bytes')
    output = undisturbed.resumed(tmp_path)
    assert 'falling back to' in output
    assert '4 iterations are lost' in output
    assert state_digest(work / 'epoch_3.pth') == undisturbed.digest


@pytest.mark.parametrize('text', [None, '', '\0', '/elsewhere/epoch_2.pth'])
def test_fault03_last_checkpoint_lost_emptied_or_moved(
    two_epochs, tmp_path, text
):
    work = shutil.copytree(two_epochs, tmp_path / 'moved')
    if text is None:
        (work / 'last_checkpoint').unlink()
    else:
        (work / 'last_checkpoint').write_text(text)
    point, notes = find_resume_point(work)
    assert point.path == work / 'epoch_2.pth'
    assert bool(notes) == (text != '/elsewhere/epoch_2.pth')


def test_fault03_checkpoints_ahead_are_of_another_run(two_epochs, tmp_path):
    work = shutil.copytree(two_epochs, tmp_path / 'work')
    shutil.copy(work / 'epoch_2.pth', work / 'epoch_9.pth')
    (work / 'epoch_0.pth').symlink_to(work / 'gone.pth')
    damage(work / 'epoch_2.pth', 'truncated')
    assert find_resume_point(work)[0].path.name == 'epoch_1.pth'


def test_fault03_without_any_checkpoint_it_starts_anew(undisturbed, tmp_path):
    short = ('--cfg-options', 'train_cfg.max_epochs=1')
    output = undisturbed.resumed(tmp_path, *short)
    assert 'no checkpoint in work to resume from' in output
    assert (tmp_path / 'work/epoch_1.pth').is_file()


def test_fault03_load_from_is_what_a_training_began_with(two_epochs, tmp_path):
    """Resuming goes on in the work dir, not at the start once more."""
    work = shutil.copytree(two_epochs, tmp_path / 'work')
    start = shutil.copy(work / 'epoch_1.pth', tmp_path / 'start.pth')

    def resumed(load_from, folder):
        cfg = Config(
            dict(load_from=str(load_from), work_dir=str(folder), resume=True)
        )
        settle_resume(cfg)
        return cfg.load_from

    assert resumed(start, work) == str(work / 'epoch_2.pth')
    assert resumed(work / 'epoch_1.pth', work) == str(work / 'epoch_1.pth')
    assert resumed(start, tmp_path / 'new') == str(start)
    (tmp_path / 'weights.pth').write_bytes(b'no checkpoint')
    assert resumed(tmp_path / 'weights.pth', work) == str(work / 'epoch_2.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth'):
        resumed(tmp_path / 'weights.pth', tmp_path / 'new')
