"""faults.md, row 9: two processes on one work dir."""

import errno
import fcntl
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects.amr.errors import UserError
from projects.amr.runtime.processes.work_dir_lock import (
    LockedError,
    work_dir_lock,
)

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
with work_dir_lock(sys.argv[1]) as stale:
    print('held', stale, flush=True)
    sys.stdin.readline()
"""


def start(script, folder):
    """A process that holds the lock of a folder."""
    process = subprocess.Popen(
        [sys.executable, '-c', script, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == 'held None\n'
    return process


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of ``tmp_path / 'work'``."""
    process = start(HOLD, tmp_path / 'work')
    yield process
    process.kill()
    process.communicate()


def test_fault09_second_process_is_refused_and_told_who(tmp_path, holder):
    with (
        pytest.raises(LockedError, match=rf'process {holder.pid} on '),
        work_dir_lock(tmp_path / 'work'),
    ):
        pass
    holder.communicate('\n')
    with work_dir_lock(tmp_path / 'work') as stale:
        assert stale is None


def test_fault09_lock_of_a_killed_process_is_stale(tmp_path, holder):
    holder.kill()
    holder.wait()
    with work_dir_lock(tmp_path / 'work') as stale:
        assert f'process {holder.pid} on {socket.gethostname()}' in stale
    with work_dir_lock(tmp_path / 'work') as stale:
        assert stale is None


ORPHAN = HOLD.replace(
    "print('held'",
    'import os, time\n    if not os.fork():\n        time.sleep(2)\n'
    "        os._exit(0)\n    print('held'",
)


def test_fault09_workers_of_a_killed_run_are_waited_for(tmp_path):
    process = start(ORPHAN, tmp_path)
    process.kill()
    process.wait()
    began = time.monotonic()
    with work_dir_lock(tmp_path) as stale:
        assert f'process {process.pid} ' in stale
        assert time.monotonic() - began > 0.2  # the worker still had it


def test_fault09_on_disks_without_locks_the_holder_decides(
    tmp_path, holder, monkeypatch
):
    def no_locks(*_):
        raise OSError(errno.ENOSYS, 'Function not implemented')

    monkeypatch.setattr(fcntl, 'flock', no_locks)
    with work_dir_lock(tmp_path) as stale:
        assert stale is None
        with pytest.raises(LockedError), work_dir_lock(tmp_path):
            pass
    with pytest.raises(LockedError), work_dir_lock(tmp_path / 'work'):
        pass
    holder.kill()
    holder.wait()
    with work_dir_lock(tmp_path / 'work') as stale:
        assert f'process {holder.pid} ' in stale


def test_fault09_lock_of_another_host_is_kept(tmp_path):
    content = {'host': 'elsewhere', 'pid': 7, 'since': '2026-01-01 00:00:00'}
    path = tmp_path / '.lock'
    path.write_text(json.dumps(content))
    with (
        pytest.raises(LockedError, match=r'elsewhere.*\.lock'),
        work_dir_lock(tmp_path),
    ):
        pass
    assert json.loads(path.read_text()) == content


def test_fault08_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with (
        pytest.raises(UserError, match='--work-dir'),
        work_dir_lock(tmp_path / 'file' / 'work'),
    ):
        pass
