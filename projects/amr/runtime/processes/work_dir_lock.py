"""One process at a time in a work dir."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from projects.amr.errors import UserError

LOCK = '.lock'
# Worker processes of a killed run hold its lock until they notice.
_ORPHAN_SECONDS = 20.0


class LockedError(UserError):
    """Another process works in the folder."""


@contextmanager
def work_dir_lock(
    folder: str | Path, name: str = LOCK
) -> Iterator[str | None]:
    """Hold a folder's lock: a file that names host, process and time.

    The file is locked as well as written, so the lock of a process that was
    killed on this host is no obstacle; who held it is yielded. Across hosts
    that share the folder, and on disks without locks, the content decides.
    There is one name per kind of work that must not run twice.

    Raises LockedError if another process holds the lock, UserError if the
    folder cannot be written.
    """
    path = Path(folder) / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open('a+')
    except OSError as error:
        raise UserError(
            f'work dir {folder} cannot be written ({error}): choose another '
            'one with --work-dir'
        ) from None
    with file:
        stale = _take(file, path)
        try:
            yield stale
        finally:
            file.truncate(0)


def _take(file, path: Path) -> str | None:
    """Lock the open file and write the holder."""
    free = _lock(file)
    holder = _read(file)
    own_host = holder is None or holder['host'] == socket.gethostname()
    gone = holder and own_host and not _alive(holder['pid'])
    if free is None:
        free = gone or not holder
    elif not free and gone:
        free = _lock(file, _ORPHAN_SECONDS)
    who = holder and (
        f'process {holder["pid"]} on {holder["host"]}, since {holder["since"]}'
    )
    if not free or not own_host:
        raise LockedError(
            f'{path.parent} is in use by {who or "another process"}. Wait for '
            'it or stop it'
            + ('' if own_host else f'; if it ended long ago, remove {path}')
        )
    file.truncate(0)
    now = time.strftime('%Y-%m-%d %H:%M:%S')
    content = {'host': socket.gethostname(), 'pid': os.getpid(), 'since': now}
    json.dump(content, file)
    file.flush()
    return who


def _lock(file, seconds: float = 0.0) -> bool | None:
    """Take the lock if it becomes free within some seconds.

    None on a disk that has no locks, such as Lustre without its option.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.2)
        except OSError:
            return None
        else:
            return True


def _alive(pid: int) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True
    return True


def _read(file) -> dict | None:
    file.seek(0)
    try:
        holder = json.load(file)
        return holder if {'host', 'pid', 'since'} <= set(holder) else None
    except (ValueError, TypeError):
        return None
