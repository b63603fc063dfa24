"""prepare_voc.py as a user calls it, on archives of five images."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from voc_archives import write_sbd_tar, write_voc_tar

ROOT = Path(__file__).resolve().parents[2]
TOOL = 'dataset_converters/prepare_voc.py'


@pytest.fixture(scope='module')
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp('archives')
    write_voc_tar(folder / 'voc.tar')
    write_sbd_tar(folder / 'sbd.tgz')
    return folder


def arguments(folder: Path) -> list:
    return ['--voc-tar', folder / 'voc.tar', '--sbd-tar', folder / 'sbd.tgz']


def content(root: Path) -> dict:
    return {
        path.relative_to(root): path.read_bytes()
        for path in root.rglob('*')
        if path.is_file()
    }


def test_prepared_counted_and_kept_the_second_time(call, archives, tmp_path):
    done = call(TOOL, *arguments(archives), '--no-verify', cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    root = tmp_path / 'data/VOCdevkit/VOC2012'
    assert 'train_aug.txt: 4 images' in done.stdout
    assert 'SegmentationClassAug: 5 (3 of VOC, 2 of SBD)' in done.stdout
    assert done.stdout.count('WARNING: ') == 3
    assert 'the real list 10,582' in done.stdout
    assert f'export VOC_ROOT={root}' in done.stdout
    before = content(root)

    # VOC is there now, so its archive need not be named.
    again = call(TOOL, *arguments(archives)[2:], '--no-verify', cwd=tmp_path)
    assert again.returncode == 0, again.stderr[-3000:]
    assert ': 0 files made, 7 kept' in again.stdout
    assert content(root) == before


def test_sigterm_ends_with_143_and_the_way_on(archives, tmp_path):
    """Stopped while it waits for an archive that does not end."""
    pipe = tmp_path / 'voc.tar'
    os.mkfifo(pipe)
    command = [sys.executable, str(ROOT / 'tools' / TOOL), '--no-verify']
    command += ['--voc-tar', str(pipe), '--out-dir', str(tmp_path / 'out')]
    with subprocess.Popen(
        [*command, '--sbd-tar', str(archives / 'sbd.tgz')],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    ) as process:
        lock = tmp_path / 'out/VOCdevkit/VOC2012/.lock'
        while not lock.exists() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors[-3000:]
    assert 'Traceback' not in errors


def test_the_hash_is_looked_at_before_the_archive(call, archives, tmp_path):
    done = call(TOOL, *arguments(archives), cwd=tmp_path)
    assert done.returncode == 3
    message = done.stderr.split('ERROR: ')[-1]
    assert '1,999,639,040' in message
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'data').exists()
