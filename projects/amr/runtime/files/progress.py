"""Progress of a pipeline's current stage."""

import re
import time
from pathlib import Path

from rich.console import Console

_ETA = re.compile(r'(Epoch\(\w+\)|Iter\(\w+\))\s+(\S.*?)\s{2,}.*?eta: (\S+)')
_ITEMS = re.compile(r'^(.+: [\d,]+ of [\d,]+, \S+ min left)$', re.MULTILINE)
_TAIL_BYTES = 4000
_INTERVAL = 30.0  # seconds


class Reporter:
    """Prints steps, and between them how far the current one is.

    On a terminal the state is one changing line; elsewhere it is printed at
    most once in 30 seconds.
    """

    def __init__(self):
        self.console = Console(highlight=False, soft_wrap=True)
        self._status = None
        self._last = time.monotonic()

    def step(self, text: str) -> None:
        """Begin a step."""
        self.close()
        self.console.print(text, markup=False)
        self._last = time.monotonic()

    def tick(self, text: str) -> None:
        """Show how far the step is."""
        if self.console.is_terminal:
            if self._status is None:
                self._status = self.console.status(text)
                self._status.start()
            self._status.update(text)
        elif time.monotonic() - self._last >= _INTERVAL:
            self._last = time.monotonic()
            self.console.print(f'  {text}', markup=False)

    def close(self) -> None:
        """End the changing line."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def last_progress(log: Path) -> str | None:
    """Latest position and time left in a growing log, None if it has none.

    Of mmengine's log ``Epoch(train) [3][20/37], 0:01:12 left``, of one with
    lines of ``show_progress`` ``seeds: 20 of 37, 1:12 min left``.
    """
    if not log.is_file():
        return None
    with log.open('rb') as file:
        file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
        text = file.read().decode(errors='replace')
    found = [*_ETA.finditer(text), *_ITEMS.finditer(text)]
    if not found:
        return None
    last = max(found, key=lambda match: match.start())
    if last.re is _ITEMS:
        return last[1]
    phase, position, eta = last.groups()
    return f'{phase} {position.replace(" ", "")}, {eta} left'
