"""Work on many items in several processes, one file per item, resumably.

Whatever stops the work (an error, Ctrl-C, SIGKILL), an item is complete or
absent, and the next run makes those that are missing.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

import torch

from projects.amr.errors import (
    DataError,
    DiskFullError,
    UserError,
    list_faults,
)
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.runtime.processes.stop_signals import stop_tells


class LostWorkerError(UserError):
    """A worker process died."""

    exit_code = 5


class ItemJob(Protocol):
    """Job of :func:`run_items`; pickled and sent to each worker."""

    def load(self, item: str) -> Any:
        """Result of a finished item, or None where there is work to do."""

    def make(self, item: str) -> Any:
        """Do the work, publish the item's file, return the result."""


def run_items(
    job: ItemJob,
    items: Iterable[str],
    *,
    num_workers: int = 0,
    title: str = 'items',
) -> tuple[dict[str, Any], int]:
    """Finish all items: load those that exist, make the others.

    Progress is shown with the time left. On Ctrl-C or SIGTERM the current
    items are finished. With ``num_workers`` processes are spawned, so a script
    calls this under ``if __name__ == '__main__'``; the files must not depend
    on which process makes them. Returns results by item, in the given order,
    and how many were finished before.

    Raises DataError if items failed with a :class:`UserError` (the others are
    finished first, the first ten named), DiskFullError as soon as there is no
    space, StoppedError on Ctrl-C (130) and SIGTERM (143), LostWorkerError if a
    worker process died.
    """
    items = list(items)
    results: dict[str, Any] = {}

    def how_to_go_on() -> str:
        done = sum(result is not None for result in results.values())
        return (
            f'stopped after {done:,} of {len(items):,} {title}: the same '
            'command resumes'
        )

    try:
        with stop_tells(how_to_go_on), _caller(job, num_workers) as call:
            _collect(call('load', items), results, len(items), title, True)
            kept = sum(result is not None for result in results.values())
            todo = [item for item in items if results[item] is None]
            print(f'{title}: {kept:,} done, {len(todo):,} to do', flush=True)
            _collect(call('make', todo), results, len(todo), title)
    except BrokenProcessPool:
        raise LostWorkerError(
            f'a worker process died while it made {title}, perhaps for want '
            'of memory: run the same command again, finished items are kept, '
            'with fewer --num-workers if it happens again'
        ) from None
    return {item: results[item] for item in items}, kept


def _collect(
    answers: Iterator,
    results: dict,
    total: int,
    title: str,
    loaded: bool = False,
) -> None:
    """Store the answers; raise for all faults together."""
    faults = []
    shown = f'{title} looked up' if loaded else title
    for item, result, fault in show_progress(answers, total, shown, loaded):
        results[item] = result
        if fault is not None:
            faults.append(f'{item}: {fault}')
    if faults:
        raise DataError(
            f'{len(faults)} of {total} {title} cannot be made, '
            f'the others are done:\n{list_faults(sorted(faults))}'
        )


def _answer(job: ItemJob, method: str, item: str) -> tuple:
    """Item, result and fault of one call."""
    try:
        return item, getattr(job, method)(item), None
    except DiskFullError:
        raise  # the next item would fare no better
    except UserError as error:
        return item, None, str(error)


@contextmanager
def _caller(job: ItemJob, num_workers: int) -> Iterator[Callable]:
    """Yield ``call(method, items)``, an iterator of answers."""
    if not num_workers:
        yield lambda method, items: map(partial(_answer, job, method), items)
        return
    context = get_context('spawn')
    stop = context.Event()
    pool = ProcessPoolExecutor(
        num_workers, context, _start_worker, (job, stop)
    )
    try:
        yield partial(_submit, pool)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, method: str, items: list) -> Iterator:
    """Hand all items in; yield the answers as they come."""
    with _sigint_ignored():  # which the processes started here inherit
        futures = [pool.submit(_work, method, item) for item in items]
    for future in as_completed(futures):
        yield future.result()


_worker: dict[str, Any] = {}


def _start_worker(job: ItemJob, stop) -> None:
    """Prepare a worker: it never outlives the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    torch.set_num_threads(1)
    _worker.update(job=job, stop=stop)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End this process when its parent is gone."""
    parent_process().join()
    os._exit(1)


def _work(method: str, item: str) -> tuple:
    """Answer one call in a worker, unless the work was stopped."""
    if _worker['stop'].is_set():
        return item, None, None
    return _answer(_worker['job'], method, item)


@contextmanager
def _sigint_ignored() -> Iterator[None]:
    """Ignore Ctrl-C for a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
