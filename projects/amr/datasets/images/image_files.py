"""Which file belongs to an image id, whatever its suffix."""

import os
import time
import unicodedata
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from projects.amr.datasets.images.image_ids import (
    same_text,
    strip_image_suffix,
)
from projects.amr.errors import DataError
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES

# Seconds after which a change must show in a folder's time of change.
_SETTLED = 2.0


def find_image(folder: str | Path, image_id: str) -> Path:
    """Find the image of an id: ``<id>`` and any image suffix.

    Suffixes are compared without regard to case, names in Unicode's NFC. A
    folder is listed once, and again when it changed. Raises DataError if there
    is no such image, more than one, or an empty file.
    """
    folder = Path(folder)
    names = _listed(folder).get(same_text(image_id), ())
    if not names:
        raise DataError(
            f'image not found: {folder / image_id}.jpg (or '
            f'{", ".join(IMAGE_SUFFIXES[1:])})'
        )
    if len(names) > 1:
        raise DataError(
            f'{folder} has more than one image {image_id!r}: '
            f'{", ".join(names)}. Keep one of them'
        )
    path = folder / names[0]
    try:
        empty = not path.stat().st_size
    except OSError:
        raise DataError(f'image not found: {path} is a broken link') from None
    if empty:
        raise DataError(f'{path} is an empty file')
    return path


def in_any_case(path: Path) -> Path:
    """The file of this name, or of this name written otherwise.

    That is with its suffix in capitals, or in another Unicode form.
    """
    others = (
        path.with_name(unicodedata.normalize(form, path.stem) + suffix)
        for form in ('NFC', 'NFD')
        for suffix in (path.suffix, path.suffix.upper())
    )
    return next(filter(os.path.isfile, (path, *others)), path)


def _listed(folder: Path) -> dict[str, tuple[str, ...]]:
    """File names of a folder by id."""
    try:
        changed = folder.stat().st_mtime_ns
        if time.time() - changed * 1e-9 < _SETTLED:
            _list_images.cache_clear()
        return _list_images(str(folder), changed)
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f'image folder not found: {folder}') from None
    except OSError as error:  # no permission, say
        raise DataError(
            f'image folder {folder} cannot be read ({error})'
        ) from None


@lru_cache(maxsize=8)
def _list_images(folder: str, changed: int) -> dict[str, tuple[str, ...]]:
    """List a folder; ``changed`` makes a changed one be listed again."""
    found = defaultdict(list)
    with os.scandir(folder) as entries:
        for entry in entries:
            stem = strip_image_suffix(entry.name)
            if stem != entry.name and not entry.name.startswith('.'):
                found[same_text(stem)].append(entry.name)
    return {stem: tuple(sorted(names)) for stem, names in found.items()}
