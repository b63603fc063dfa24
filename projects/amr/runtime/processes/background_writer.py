"""Work done beside the main thread, in bounded memory."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')


class BackgroundWriter:
    """Runs jobs that write files in a few threads, while others are made.

    No more than ``max_waiting`` jobs are held at a time, finished or not:
    :meth:`submit` waits for room, so a slow disk slows the caller down and
    does not fill the memory. Answers are handed on in the order of
    submission, on the caller's thread. A job's error is raised there too, by
    the next :meth:`submit` or :meth:`flush`.

    When the caller is stopped by an error or Ctrl-C, the jobs that wait are
    still done before the process ends. A killed process loses them; each
    must leave a whole file or none.

    Args:
        num_threads (int): Threads; 0 does each job at once, on the caller's
            thread. Defaults to 2.
        max_waiting (int): Most jobs held. Defaults to 8.

    Raises:
        ValueError: If ``num_threads`` is negative or ``max_waiting`` is
            below 1.

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
        if num_threads < 0:
            raise ValueError(
                f'`num_threads` must not be negative, got {num_threads}'
            )
        if max_waiting < 1:
            raise ValueError(
                f'`max_waiting` must be at least 1, got {max_waiting}'
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
        """Hand a job in, after waiting for room.

        Args:
            job (Callable): Called without arguments in some thread. What it
                holds must not change until it is done.
            then (Callable, optional): Called with the job's answer on the
                caller's thread, by a later call of this writer. Defaults to
                None.

        Raises:
            Exception: That of an earlier job, as it was raised there.
        """
        if self._pool is None:
            answer = job()
            if then is not None:
                then(answer)
            return
        self._collect(self.max_waiting - 1)
        self._waiting.append((self._pool.submit(job), then))

    def flush(self) -> None:
        """Wait until all jobs are done and their answers handed on.

        Raises:
            Exception: That of a job, as it was raised there.
        """
        self._collect(0)

    def close(self) -> None:
        """Flush, and end the threads."""
        self.flush()
        if self._pool is not None:
            self._pool.shutdown()

    def _collect(self, most: int) -> None:
        """Hand on what is done; wait until ``most`` jobs are left."""
        self._raise_faults()
        while self._waiting and (
            len(self._waiting) > most or self._waiting[0][0].done()
        ):
            future, then = self._waiting[0]
            answer = future.result()  # stays first in line if it raises
            self._waiting.popleft()
            if then is not None:
                then(answer)

    def _raise_faults(self) -> None:
        """Raise the error of a job that failed behind a slower one."""
        for future, _ in self._waiting:
            if future.done():
                future.result()
