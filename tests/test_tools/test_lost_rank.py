"""faults.md, row 32: a rank dies."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from projects.amr.runtime.processes.supervise import descendants

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def two_ranks(tiny_file, tmp_path):
    """Start a training of two ranks; returns the process and its log."""

    started = []

    def _start(epochs, **env):
        log = tmp_path / 'log.txt'
        command = ['bash', str(ROOT / 'tools' / 'dist_train.sh'), tiny_file]
        options = [
            f'train_cfg.max_epochs={epochs}',
            f'param_scheduler.end={epochs}',
            f'train_cfg.val_interval={epochs}',
            'default_hooks.logger.interval=1',
        ]
        with log.open('wb') as file:
            process = subprocess.Popen(
                [*map(str, command), '2', '--cfg-options', *options],
                cwd=tmp_path,
                env={
                    **os.environ,
                    'OMP_NUM_THREADS': '1',
                    'PYTHON': sys.executable,
                    'PORT': str(free_port()),
                    **env,
                },
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process, log

    yield _start
    for process in started:
        for pid in [*descendants(process.pid), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def kill_rank(process, log, checkpoint, rank=1):
    """SIGKILL a rank once a checkpoint is there."""
    end = time.monotonic() + 200
    while not (log.parent / 'work_dirs' / 'amr_tiny' / checkpoint).exists():
        assert time.monotonic() < end, log.read_text()[-3000:]
        assert process.poll() is None, log.read_text()[-3000:]
        time.sleep(0.1)
    listing = subprocess.run(
        ['pgrep', '-f', str(log.parent) + '|amr_tiny.py --launcher pytorch'],
        capture_output=True,
        text=True,
        check=True,
    )
    for pid in map(int, listing.stdout.split()):
        try:
            environ = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
            own = Path(f'/proc/{pid}/cwd').resolve() == log.parent
        except OSError:
            continue
        if own and f'RANK={rank}'.encode() in environ:
            os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError(f'no rank {rank} among {listing.stdout}')


def test_fault32_the_others_stop_and_the_rank_is_named(two_ranks):
    process, log = two_ranks(100)
    kill_rank(process, log, 'epoch_2.pth')
    assert process.wait(timeout=120) != 0
    text = log.read_text()
    assert 'rank      : 1 ' in text
    assert 'Signal 9 (SIGKILL)' in text


def test_fault32_restarted_ranks_go_on_from_the_last_checkpoint(two_ranks):
    process, log = two_ranks(30, MAX_RESTARTS='1')
    kill_rank(process, log, 'epoch_2.pth')
    assert process.wait(timeout=300) == 0, log.read_text()
    text = log.read_text()
    assert int(re.search(r'resumed epoch: (\d+)', text)[1]) >= 2
    assert (log.parent / 'work_dirs/amr_tiny/epoch_30.pth').is_file()
