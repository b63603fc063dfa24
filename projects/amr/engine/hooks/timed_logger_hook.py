"""Lines of progress by steps, and by the clock where steps are slow."""

import time

from mmengine.hooks import LoggerHook
from mmseg.registry import HOOKS

SECONDS = 30.0  # the longest silence


@HOOKS.register_module()
class TimedLoggerHook(LoggerHook):
    """mmengine's LoggerHook, which also speaks when it was silent too long.

    A line comes every ``interval`` steps, and before 30 seconds pass without
    one: in training, validation and test. A single step that takes longer
    has a line at its end. Arguments are those of LoggerHook.
    """

    def before_run(self, runner) -> None:
        """Start the clock."""
        super().before_run(runner)
        self._said = self._seen = time.monotonic()

    def every_n_inner_iters(self, batch_idx: int, n: int) -> bool:
        """Return whether a line is due now, or before the next step ends."""
        now = time.monotonic()
        step, self._seen = now - self._seen, now
        silent = now - self._said + step > SECONDS
        if not (silent or super().every_n_inner_iters(batch_idx, n)):
            return False
        self._said = now
        return True
