"""Files that are complete under their name, or absent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def published(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a temporary file that takes its final name when all went well.

    The bytes are not forced to the disk: this guards against killed
    processes and errors, not against power cuts.

    Args:
        path (str | PathLike): Final name; its folder must exist.

    Yields:
        BinaryIO: The temporary file, in the same folder; ``name`` is its
        path.

    Example:
        >>> target = Path(tempfile.mkdtemp()) / 'a.txt'
        >>> with published(target) as file:
        ...     _ = file.write(b'all')
        >>> target.read_text()
        'all'
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(
        prefix=f'.{path.name}.', suffix='.tmp', dir=path.parent
    )
    try:
        os.close(handle)
        with open(name, 'wb') as file:
            yield file
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
