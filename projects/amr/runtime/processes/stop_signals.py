"""SIGTERM as an exception, as Ctrl-C is one, and both as an error."""

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
    """Let SIGTERM unwind the stack as Ctrl-C does.

    Does nothing outside of the main thread, where no handler can be set.
    """
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
    """Turn Ctrl-C and SIGTERM into an error that says how to go on.

    So it does where a library has made another error of the stop: mmengine,
    writing a config, calls whatever comes a fault of its syntax.

    Args:
        how (Callable[[], str]): Called when the stop has come; gives the
            error's text.

    Raises:
        StoppedError: On Ctrl-C (exit code 130) and SIGTERM (143).
    """
    try:
        with sigterm_raises():
            yield
    except UserError:
        raise
    except BaseException as error:
        stop = _stop_behind(error)
        if stop is None:
            raise
        code = 143 if isinstance(stop, Terminated) else 130
        raise StoppedError(how(), code) from None


def this_command() -> str:
    """The command line that this tool was called by, for a shell."""
    return shlex.join(['python', *sys.argv])


def same_command_goes_on() -> str:
    """What a tool that keeps all it has done says of a stop."""
    return (
        'stopped; what is done is kept, this goes on from there:\n'
        f'  {this_command()}'
    )


def _stop_behind(error: BaseException | None) -> BaseException | None:
    """The stop that an error is, or in whose handling it arose."""
    while error is not None:
        if isinstance(error, (KeyboardInterrupt, Terminated)):
            return error
        error = error.__context__
    return None
