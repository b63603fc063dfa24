"""Files that are complete under their name, or absent."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from projects.amr.errors import DiskFullError, UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What the user keeps from others; it can only be read by setting it.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


@contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a temporary file that takes its final name when all went well.

    It is in the same folder, which must exist; ``name`` is its path. The bytes
    are not forced to the disk: this guards against killed processes and
    errors, not against power cuts. Raises DiskFullError if there is no space;
    the temporary file is gone.

    Example:
        >>> target = Path(tempfile.mkdtemp()) / 'a.txt'
        >>> with atomic_write(target) as file:
        ...     _ = file.write(b'all')
        >>> target.read_text()
        'all'
    """
    path = Path(path)
    try:
        with _temporary(path) as file:
            yield file
    except OSError as error:
        if error.errno not in _FULL:
            raise
        free = shutil.disk_usage(path.parent).free
        raise DiskFullError(
            f'no space for {path}: {free:,} bytes are free there. Make room '
            'or choose another folder, then run the same command again; what '
            'is finished is kept'
        ) from None


@contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Raise UserError where a file or folder cannot be written (OSError).

    Example:
        >>> try:
        ...     with writing('a.png'):
        ...         raise OSError('not today')
        ... except UserError as error:
        ...     print(error)
        a.png cannot be written (not today): choose another place
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f'{path} cannot be written ({error}): choose another place'
        ) from None


@contextmanager
def new_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Make a folder that takes its name when all went well.

    It is ``.<name>.tmp`` beside it until then; what a killed run left there is
    removed. Raises UserError if there is a file or a folder that is not empty,
    or the folder cannot be written.

    Example:
        >>> target = Path(tempfile.mkdtemp()) / 'a'
        >>> with new_folder(target) as folder:
        ...     write_file(folder / 'b', 'all')
        >>> (target / 'b').read_text()
        'all'
    """
    target = Path(path).resolve()
    temporary = target.with_name(f'.{target.name}.tmp')
    with writing(path):
        if target.exists() and any(target.iterdir()):
            raise UserError(f'{path} is not empty: choose another folder')
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            temporary.mkdir(parents=True)
            yield temporary
            os.replace(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


@contextmanager
def _temporary(path: Path) -> Iterator[BinaryIO]:
    """A temporary file that is renamed at the end, or removed."""
    handle, name = tempfile.mkstemp(
        prefix=f'.{path.name[:50]}.', suffix='.tmp', dir=path.parent
    )
    try:
        os.close(handle)
        with open(name, 'wb') as file:
            yield file
        os.chmod(name, 0o666 & ~_UMASK)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_file(path: str | os.PathLike, content: bytes | str) -> None:
    """Publish a whole file, text in UTF-8, see :func:`atomic_write`."""
    data = content.encode() if isinstance(content, str) else content
    with atomic_write(path) as file:
        file.write(data)


def write_lines(path: str | os.PathLike, lines: Iterable[str]) -> None:
    """Publish a text file, each line ended."""
    write_file(path, ''.join(f'{line}\n' for line in lines))


def write_json(path: str | os.PathLike, content, default=None) -> None:
    """Publish a JSON file; ``default`` as of :func:`json.dumps`."""
    write_file(path, json.dumps(content, indent=1, default=default))


def link_file(source: Path, target: Path) -> bool:
    """Make a symbolic link under a temporary name and rename it.

    A file or link there is replaced. False where the file system has no links.
    """
    temporary = target.with_name(f'.{target.name}.link.tmp')
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(source)
    except (OSError, NotImplementedError):
        return False
    os.replace(temporary, target)
    return True
