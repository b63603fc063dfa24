"""The plain files of a tar archive that someone else packed."""

import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from projects.amr.datasets.images.image_ids import check_relative
from projects.amr.errors import DataError

# The largest file of VOC or SBD has less than a megabyte.
MAX_FILE_BYTES = 64 << 20


class TarFile(NamedTuple):
    """A file in an archive."""

    path: PurePosixPath  # its place, which does not lead out
    size: int  # bytes
    read: Callable[[], bytes]  # its content, during the walk


def tar_files(path: str | Path) -> Iterator[TarFile]:
    """Walk over the plain files of an archive, packed or not.

    Nothing is written. A file's ``path`` stays in the folder that it is joined
    to: a member that leads out, a link, a device, or a file of more than
    ``MAX_FILE_BYTES`` ends the walk. Raises DataError for these and for a
    damaged archive.
    """
    with _readable(path), tarfile.open(path) as archive:
        for member in archive:
            _refuse_unsafe(path, member)
            if member.isfile():
                read = partial(_content, path, archive, member)
                yield TarFile(PurePosixPath(member.name), member.size, read)


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Turn the errors of reading an archive into one that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f'archive not found: {path}') from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        # Bad gzip data has no error number; a bad disk has one.
        if getattr(error, 'errno', None) is not None:
            raise
        raise DataError(
            f'{path} is damaged or cut off ({error}): download it again. '
            'What was taken out of it is kept'
        ) from None


def _content(path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    with _readable(path):
        data = archive.extractfile(member).read()
        if len(data) != member.size:
            raise EOFError(f'{member.name} is incomplete')
    return data


def _refuse_unsafe(path: str | Path, member: tarfile.TarInfo) -> None:
    """Refuse a member that is no plain file or folder inside."""
    rule = check_relative(member.name.replace('\\', '/'))
    if rule is None and not (member.isfile() or member.isdir()):
        rule = 'is a link or a device'
    if rule is None and member.size > MAX_FILE_BYTES:
        rule = f'has {member.size:,} bytes, more than {MAX_FILE_BYTES:,}'
    if rule is not None:
        raise DataError(
            f'{path}: member {member.name!r} {rule}. VOC and SBD have no such '
            'member: do not use this archive'
        )
