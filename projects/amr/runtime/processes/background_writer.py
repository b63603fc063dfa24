"""Files written in threads, in bounded memory."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')


class BackgroundWriter:
    """Runs jobs that write files in ``num_threads`` threads.

    At most ``max_waiting`` jobs are held, finished or not: :meth:`submit`
    waits for room, so a slow disk slows the caller down and does not fill the
    memory. Results are passed on in the order of submission, on the caller's
    thread; so are errors, by the next :meth:`submit` or :meth:`flush`. When
    the caller is stopped by an error or Ctrl-C, waiting jobs are still done; a
    killed process loses them. 0 threads do each job at once.

    Example:
        >>> answers = []
        >>> writer = BackgroundWriter()
        >>> for value in range(3):
        ...     writer.submit(lambda value=value: 2 * value, answers.append)
        >>> writer.close()
        >>> answers
        [0, 2, 4]
    """

    def __init__(self, num_threads: int = 2, max_waiting: int = 8):
        for name, value, least in (
            ('num_threads', num_threads, 0),
            ('max_waiting', max_waiting, 1),
        ):
            if value < least:
                raise ValueError(
                    f'`{name}` must be at least {least}, got {value}'
                )
        self.max_waiting = max_waiting
        self._waiting: deque[tuple[Future, Callable | None]] = deque()
        self._pool = None
        if num_threads:
            self._pool = ThreadPoolExecutor(num_threads, 'writer')

    def submit(
        self,
        job: Callable[[], T],
        then: Callable[[T], object] | None = None,
    ) -> None:
        """Add a job, after waiting for room; raise an earlier job's error.

        What it holds must not change until it is done. ``then`` gets its
        result on the caller's thread, by a later call.
        """
        if self._pool is None:
            answer = job()
            if then is not None:
                then(answer)
            return
        self._collect(self.max_waiting - 1)
        self._waiting.append((self._pool.submit(job), then))

    def flush(self) -> None:
        """Wait until all jobs are done; raise a job's error."""
        self._collect(0)

    def close(self) -> None:
        """Flush, and end the threads."""
        self.flush()
        if self._pool is not None:
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
