"""Progress with the time left: a bar in a terminal, lines elsewhere."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

T = TypeVar('T')
LINE_INTERVAL = 10.0  # seconds between plain lines


def show_progress(
    values: Iterable[T], total: int, title: str, if_slow: bool = False
) -> Iterator[T]:
    """Pass values on while showing how many have come.

    With ``if_slow`` no line is left where all come within
    :data:`LINE_INTERVAL`.
    """
    if total and Console().is_terminal:
        columns = (
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, transient=if_slow) as progress:
            yield from progress.track(values, total, description=title)
    else:
        yield from _with_lines(values, total, title, if_slow)


def _with_lines(
    values: Iterable[T], total: int, title: str, if_slow: bool
) -> Iterator[T]:
    """Print a line now and then, and at the end.

    The time left is of all values but the first, before which processes start.
    """
    start = last = time.monotonic()
    for done, value in enumerate(values, 1):
        start = time.monotonic() if done == 1 else start
        yield value
        now = time.monotonic()
        ended = done == total and not if_slow
        if ended or now - last >= LINE_INTERVAL:
            last, line = now, f'{title}: {done:,} of {total:,}'
            if done > 1 or ended:
                left = round((now - start) / max(done - 1, 1) * (total - done))
                line += f', {left // 60}:{left % 60:02d} min left'
            print(line, flush=True)
