"""The one older folder that is kept of results made with other values."""

import shutil
from collections.abc import Callable
from pathlib import Path


def set_aside(
    folder: Path, old: Path, finished: Callable[[Path], bool]
) -> None:
    """Move a folder to ``old``, in the place of what is there.

    Unfinished results never replace finished ones: they are removed.
    """
    if old.exists() and finished(old) and not finished(folder):
        _remove(folder)
        return
    _remove(old)
    folder.rename(old)


def _remove(folder: Path) -> None:
    if folder.is_symlink():  # to another disk
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def bring_back(folder: Path, old: Path) -> None:
    """Put ``old`` into a folder's place, and the folder into that of ``old``.

    The folder need not exist.
    """
    between = folder.with_name(f'.{folder.name}.between')
    if folder.exists():
        folder.rename(between)
    old.rename(folder)
    if between.exists():
        between.rename(old)
