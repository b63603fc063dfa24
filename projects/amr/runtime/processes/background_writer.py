"""Files written in threads, in bounded memory."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')
NUM_THREADS = 2
MAX_WAITING = 8


class BackgroundWriter:
    """Runs jobs that write files in threads.

    At most :data:`MAX_WAITING` jobs are held, finished or not: :meth:`submit`
    waits for room, so a slow disk slows the caller down and does not fill the
    memory. Results are passed on in the order of submission, on the caller's
    thread; so are errors, by the next :meth:`submit` or :meth:`flush`. When
    the caller is stopped by an error or Ctrl-C, waiting jobs are still done; a
    killed process loses them.

    Example:
        >>> answers = []
        >>> writer = BackgroundWriter()
        >>> for value in range(3):
        ...     writer.submit(lambda value=value: 2 * value, answers.append)
        >>> writer.close()
        >>> answers
        [0, 2, 4]
    """

    def __init__(self):
        self._waiting: deque[tuple[Future, Callable | None]] = deque()
        self._pool = ThreadPoolExecutor(NUM_THREADS, 'writer')

    def submit(
        self,
        job: Callable[[], T],
        then: Callable[[T], object] | None = None,
    ) -> None:
        """Add a job, after waiting for room; raise an earlier job's error.

        What it holds must not change until it is done. ``then`` gets its
        result on the caller's thread, by a later call.
        """
        self._collect(MAX_WAITING - 1)
        self._waiting.append((self._pool.submit(job), then))

    def flush(self) -> None:
        """Wait until all jobs are done; raise a job's error."""
        self._collect(0)

    def close(self) -> None:
        """Flush, and end the threads."""
        self.flush()
        self._pool.shutdown()

    def _collect(self, most: int) -> None:
        """Pass results on; wait until ``most`` jobs are left."""
        for future, _ in self._waiting:  # one may fail behind a slower one
            if future.done():
                future.result()
        while self._waiting and (
            len(self._waiting) > most or self._waiting[0][0].done()
        ):
            future, then = self._waiting[0]
            answer = future.result()  # stays first in line if it raises
            self._waiting.popleft()
            if then is not None:
                then(answer)
