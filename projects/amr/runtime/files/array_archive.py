"""Reading of npz files that may be damaged, foreign or hostile."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from projects.amr.errors import DataError, MissingFileError


def load_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read all arrays by name of a file that :func:`numpy.savez` wrote.

    Nothing is ever unpickled, and compressed members are refused, so that what
    is read is no larger than the file. Raises FileNotFoundError, or ValueError
    if the file is damaged, of another kind, or holds anything but plain
    arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(m.compress_type != zipfile.ZIP_STORED for m in members):
                raise ValueError('it is compressed')
            size = Path(path).stat().st_size
            if sum(member.file_size for member in members) > size:
                raise ValueError('members overlap')
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in file.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged headers raise of all kinds
        raise ValueError(f'{type(error).__name__}: {error}') from error


@contextmanager
def reading(path: str | os.PathLike, what: str, remedy: str) -> Iterator[None]:
    """Name a file that is missing (MissingFileError) or unusable (DataError).

    ``what`` it is and how it is made again complete the message.
    """
    try:
        yield
    except FileNotFoundError:
        raise MissingFileError(f'no {what} at {path}: {remedy}') from None
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(
            f'{path} is no readable {what} ({error}): delete it and {remedy}'
        ) from error
