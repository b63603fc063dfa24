"""faults.md, row 4: nothing outlives a pipeline that is killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects.amr.runtime.processes.tool_process import SUPERVISE

# A child that starts a grandchild in a session of its own, as launchers do.
CHILD = (
    'import subprocess, sys, time\n'
    "code = 'import time; time.sleep(60)'\n"
    'command = [sys.executable, "-c", code]\n'
    'own = subprocess.Popen(command, start_new_session=True)\n'
    'print(own.pid, flush=True)\n'
    'time.sleep(60)\n'
)


def gone(pid, seconds=20):
    """Whether a process ends within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f'/proc/{pid}/stat').read_text()
        except OSError:
            return True
        if state.rpartition(')')[2].split()[0] == 'Z':
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def supervised():
    """A supervised child, and its grandchild's id."""
    process = subprocess.Popen(
        [sys.executable, str(SUPERVISE), sys.executable, '-c', CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process, int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def test_fault04_workers_in_their_own_session_end_too(supervised):
    process, grandchild = supervised
    assert not gone(grandchild, seconds=0.2)
    process.stdin.close()  # as when the pipeline is killed
    assert gone(grandchild)
    assert process.wait(20) == 128 + signal.SIGKILL


def test_signals_are_passed_on(supervised):
    process, _ = supervised
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
