import subprocess
import sys
import threading
import time
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from projects.amr.errors import DiskFullError
from projects.amr.runtime.processes import background_writer
from projects.amr.runtime.processes.background_writer import BackgroundWriter
from projects.amr.structures import CAMRecord


def fail(error):
    raise error


@pytest.mark.parametrize('waiting', [1, 2, 8])
def test_answers_come_in_order_on_the_caller_s_thread(waiting, monkeypatch):
    monkeypatch.setattr(background_writer, 'MAX_WAITING', waiting)
    writer = BackgroundWriter()
    answers, workers, callers = [], set(), set()

    def job(value):
        workers.add(threading.current_thread())
        return value

    def take(value):
        callers.add(threading.current_thread())
        answers.append(value)

    for value in range(20):
        writer.submit(lambda value=value: job(value), take)
    writer.submit(lambda: None)  # an answer that nobody wants
    writer.close()
    assert answers == list(range(20))
    here = threading.current_thread()
    assert callers == {here}
    assert here not in workers
    assert len(workers) <= 2


def test_a_slow_disk_blocks_the_one_who_hands_in(monkeypatch):
    monkeypatch.setattr(background_writer, 'NUM_THREADS', 1)
    monkeypatch.setattr(background_writer, 'MAX_WAITING', 3)
    writer = BackgroundWriter()
    disk, handed_in = threading.Semaphore(0), []

    def produce():
        for value in range(5):
            writer.submit(disk.acquire)
            handed_in.append(value)

    producer = threading.Thread(target=produce)
    producer.start()
    for done in range(2):
        producer.join(timeout=0.2)
        assert producer.is_alive()
        assert len(handed_in) == 3 + done
        disk.release()
    producer.join(timeout=30)
    assert len(handed_in) == 5
    disk.release(5)
    writer.close()


def test_an_error_comes_out_at_the_next_item_behind_a_slow_one():
    writer = BackgroundWriter()
    slow, failed = threading.Event(), threading.Event()

    def full():
        failed.set()
        raise DiskFullError('no space for /a/b.npz')

    writer.submit(lambda: slow.wait(20))
    writer.submit(full)
    failed.wait()
    time.sleep(0.1)  # the thread has yet to hand the error on
    with pytest.raises(DiskFullError):
        writer.submit(lambda: None)
    assert not slow.is_set()
    slow.set()
    with pytest.raises(DiskFullError):
        writer.flush()


def test_an_error_of_the_last_item_is_not_lost():
    writer = BackgroundWriter()
    writer.submit(lambda: fail(DiskFullError('the last')))
    with pytest.raises(DiskFullError):
        writer.close()


SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from background_writer import BackgroundWriter
writer = BackgroundWriter()
def write(name):
    time.sleep(0.05)
    open(sys.argv[2] + '/' + name, 'w').close()
for name in 'abcd':
    writer.submit(lambda name=name: write(name))
raise {error}
"""


@pytest.mark.parametrize('error', ["ValueError('x')", 'KeyboardInterrupt'])
def test_what_waits_is_written_when_the_caller_stops(tmp_path, error):
    folder = str(Path(background_writer.__file__).parent)
    script = SCRIPT.format(error=error)
    command = [sys.executable, '-c', script, folder, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [*'abcd']


def write_records(folder):
    """Write CAM records until somebody stops this."""
    rng = np.random.default_rng(0)
    writer = BackgroundWriter()
    for number in count():
        cam = rng.random((4, 200, 200), np.float32)
        record = CAMRecord([0, 1, 2, 3], cam, (800, 800))
        writer.submit(partial(record.save, folder / f'{number}.npz'))


def test_a_kill_leaves_whole_files_or_none(tmp_path):
    wanted = 10
    process = get_context('fork').Process(
        target=write_records, args=(tmp_path,)
    )
    process.start()
    while len(list(tmp_path.glob('*.npz'))) < wanted:
        assert process.is_alive()
        time.sleep(0.001)
    process.kill()
    process.join()
    paths = list(tmp_path.glob('*.npz'))
    assert len(paths) >= wanted
    for path in paths:
        assert CAMRecord.load(path).cam.shape == (4, 200, 200)
