import threading
import time

import pytest

from projects.amr.errors import DiskFullError
from projects.amr.runtime.processes.background_writer import BackgroundWriter


@pytest.mark.parametrize('num_threads', [0, 1, 3])
def test_answers_come_in_order_on_the_caller_s_thread(num_threads):
    writer = BackgroundWriter(num_threads, max_waiting=2)
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
    assert (workers == {here}) if not num_threads else here not in workers
    assert len(workers) <= max(num_threads, 1)


def test_a_slow_disk_blocks_the_one_who_hands_in():
    writer = BackgroundWriter(num_threads=1, max_waiting=3)
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
    writer = BackgroundWriter(num_threads=2, max_waiting=8)
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
