"""Ctrl-C and SIGTERM as errors."""

import os
import signal

import pytest

from projects.amr.errors import StoppedError
from projects.amr.runtime.processes.stop_signals import (
    stop_tells,
)


@pytest.fixture(autouse=True)
def heard():
    """Ctrl-C as in a terminal, whatever ran before in this process."""
    outer = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, outer)


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


def test_a_library_that_makes_another_error_of_it_hides_no_stop():
    """As mmengine's Config.dump does: a bare except, and a SyntaxError."""

    def work():
        with stop_tells(lambda: 'stopped'):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except BaseException:
                raise SyntaxError('Failed to format the config') from None

    with pytest.raises(StoppedError, match=r'^stopped$') as stop:
        work()
    assert stop.value.exit_code == 143
