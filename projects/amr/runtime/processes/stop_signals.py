"""Ctrl-C and SIGTERM as an error that says how to resume."""

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from projects.amr.errors import StoppedError, UserError


class Terminated(BaseException):
    """SIGTERM came."""

    signal = signal.SIGTERM


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(*_):
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stop_tells(how: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C (130) and SIGTERM (143) into a StoppedError with a text.

    Also where a library has turned the stop into another error: mmengine,
    writing a config, takes any exception for a fault of its syntax.
    """
    try:
        with sigterm_raises():
            yield
    except UserError:
        raise
    except BaseException as error:
        stop = error
        while not isinstance(
            stop, (KeyboardInterrupt, Terminated, type(None))
        ):
            stop = stop.__context__
        if stop is None:
            raise
        code = 143 if isinstance(stop, Terminated) else 130
        raise StoppedError(how(), code) from None


def this_command() -> str:
    """The command line of this tool, for a shell."""
    return shlex.join(['python', *sys.argv])


def same_command_goes_on() -> str:
    """Text of a stop, for tools that keep all they have done."""
    return (
        'stopped; what is done is kept, this command resumes:\n'
        f'  {this_command()}'
    )
