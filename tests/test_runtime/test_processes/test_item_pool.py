"""The pool in this process, in workers, and killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from projects.amr.errors import DataError
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.processes.item_pool import LostWorkerError, run_items

ROOT = Path(__file__).resolve().parents[3]
ITEMS = [f'item{i:02d}' for i in range(12)]


@dataclass
class WritingJob:
    """Writes an item's name into its file, slowly if asked."""

    folder: Path
    seconds: float = 0.0
    faulty: tuple = ()
    stopping: tuple = ()
    signal: int = signal.SIGKILL

    def load(self, item):
        path = self.folder / item
        return path.read_text() if path.is_file() else None

    def make(self, item):
        if item in self.faulty:
            raise DataError(f'{self.folder / item}.jpg is broken')
        if item in self.stopping:
            os.kill(os.getpid(), self.signal)
        time.sleep(self.seconds)
        with atomic_write(self.folder / item) as file:
            file.write(item.upper().encode())
        with (self.folder / 'log').open('a') as log:
            log.write(f'{item} {os.getpid()}\n')
        return item.upper()


def made(folder):
    """Items in the log, and the processes that made them."""
    log = folder / 'log'
    lines = log.read_text().split('\n')[:-1] if log.exists() else []
    return [line.split()[0] for line in lines], {
        line.split()[1] for line in lines
    }


def test_all_items_in_order_then_none_again(tmp_path, capsys):
    job = WritingJob(tmp_path)
    results, kept = run_items(job, ITEMS[::-1])
    assert kept == 0
    assert list(results) == ITEMS[::-1]
    assert set(results.values()) == {item.upper() for item in ITEMS}
    again, kept = run_items(job, ITEMS[::-1])
    assert again == results
    assert kept == 12
    assert made(tmp_path)[0] == ITEMS[::-1]
    assert '12 done, 0 to do' in capsys.readouterr().out


@pytest.mark.parametrize('num_workers', [0, 1])
def test_faults_are_listed_after_the_rest_is_done(tmp_path, num_workers):
    job = WritingJob(tmp_path, faulty=(ITEMS[2], ITEMS[7]))
    with pytest.raises(DataError, match='2 of 12') as caught:
        run_items(job, ITEMS, num_workers=num_workers)
    for item in job.faulty:
        assert f'{item}.jpg is broken' in str(caught.value)
    names, processes = made(tmp_path)
    assert len(names) == 10
    assert (str(os.getpid()) in processes) == (num_workers == 0)
    results, kept = run_items(WritingJob(tmp_path), ITEMS)
    assert kept == 10
    assert results == {item: item.upper() for item in ITEMS}


def test_lost_worker_is_told_and_the_rest_kept(tmp_path):
    job = WritingJob(tmp_path, stopping=(ITEMS[6],))
    with pytest.raises(LostWorkerError) as caught:
        run_items(job, ITEMS, num_workers=1)
    assert caught.value.exit_code == 5
    before = made(tmp_path)[0]
    assert before == ITEMS[:6]
    _, kept = run_items(WritingJob(tmp_path), ITEMS)
    assert kept == 6


SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from test_item_pool import ITEMS, WritingJob
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.workflow.launch.tool_setup import run_tool
if __name__ == '__main__':
    job = WritingJob(Path({folder!r}), seconds=0.2)
    run_tool(lambda: run_items(job, ITEMS, num_workers={workers}))
"""


def start(folder, workers):
    """Run the pool in a process of its own, until three items are there."""
    script = folder / 'script.py'
    script.write_text(
        SCRIPT.format(
            root=str(ROOT),
            tests=str(Path(__file__).parent),
            folder=str(folder),
            workers=workers,
        )
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(4000):  # a busy machine takes a minute to import
        if len(made(folder)[0]) >= 3 or process.poll() is not None:
            break
        time.sleep(0.05)
    return process


def test_stopped_with_workers(tmp_path):
    process = start(tmp_path, workers=1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert 'the same command resumes' in errors
    assert 'Traceback' not in errors
    assert 3 <= len(made(tmp_path)[0]) < 12
    assert not list(tmp_path.glob('.*.tmp'))


def test_killed_and_rerun(tmp_path):
    process = start(tmp_path, workers=1)
    process.kill()
    process.wait()
    process.stdout.read()  # ends when the workers are gone as well
    names, _ = made(tmp_path)
    assert 3 <= len(names) < 12
    for path in tmp_path.glob('item*'):
        assert path.read_text() == path.name.upper()
    there = {path.name for path in tmp_path.glob('item*')}
    results, kept = run_items(WritingJob(tmp_path), ITEMS)
    assert kept == len(there)
    assert results == {item: item.upper() for item in ITEMS}
    assert set(made(tmp_path)[0][len(names) :]) == set(ITEMS) - there
