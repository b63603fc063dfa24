"""Ctrl-C and SIGTERM as errors."""

import os
import signal
import threading

import pytest

from projects.amr.engine.stop_signals import sigterm_raises, stop_tells
from projects.amr.errors import StoppedError


@pytest.mark.parametrize(
    ('number', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_stop_says_how_far_it_came(number, code):
    before = signal.getsignal(signal.SIGTERM)
    done = []

    def work():
        with stop_tells(lambda: f'after {len(done)}'):
            for item in range(4):
                if item == 2:
                    os.kill(os.getpid(), number)
                done.append(item)

    with pytest.raises(StoppedError, match=r'^after 2$') as stop:
        work()
    assert stop.value.exit_code == code
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_errors_pass():
    with pytest.raises(KeyError), stop_tells(lambda: 'never asked'):
        raise KeyError('x')


def test_a_thread_sets_no_handler():
    seen = []

    def work():
        with sigterm_raises():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
