"""Check the free disk space before a stage writes."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.filesize import decimal

from projects.amr.errors import DiskFullError

SAMPLES = 50
_BLOCK = 4096  # bytes that a file's last part may waste on the disk


def estimate_bytes(items: Sequence, size_of: Callable) -> int:
    """Bytes of all items, estimated from at most about 50 of them.

    Example:
        >>> estimate_bytes(range(1000), lambda item: 8)
        8000
    """
    step = max(1, len(items) // SAMPLES)
    chosen = range(0, len(items), step)
    total = sum(size_of(items[index]) for index in chosen)
    return round(total * len(items) / max(1, len(chosen)))


def require_space(
    folder: str | Path, needed: int, what: str = 'the files', files: int = 0
) -> None:
    """Refuse to begin if fewer than ``needed`` bytes are free (DiskFullError).

    ``folder`` need not exist. Each of ``files`` files wastes part of a block.
    """
    needed += files * _BLOCK
    free = free_bytes(folder)
    if needed > free:
        raise DiskFullError(
            f'{what} need about {decimal(needed)} in {folder}, free are '
            f'{decimal(free)}: make room or choose another folder'
        )


def free_bytes(folder: str | Path) -> int:
    """Free bytes on the disk of a folder, which need not exist."""
    there = Path(folder).absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def png_bytes(height: int, width: int) -> int:
    """Low estimate of the bytes of a label map of that many pixels."""
    return height * width // 60  # VOC's masks: a byte per 30 to 60 pixels
