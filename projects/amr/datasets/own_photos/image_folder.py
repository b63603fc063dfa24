"""A folder of photos and a label file, turned into a plan for a devkit folder.

Nothing is written here, see ``devkit_layout.py``.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from projects.amr.datasets.images.image_ids import (
    MAX_ID_BYTES,
    check_relative,
    image_id_of,
    same_text,
    strip_image_suffix,
)
from projects.amr.datasets.labels.label_file import LabelRow, LabelTable
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES

# What cameras and screens write too, and a row may well name.
_NOT_READ = (
    *('.heic', '.heif', '.avif', '.gif', '.svg', '.pdf', '.psd', '.jxl'),
    *('.jp2', '.j2k', '.jpx', '.jpf', '.tga', '.ppm', '.pgm', '.pnm', '.exr'),
    *('.hdr', '.ico', '.eps', '.dcm', '.nii', '.fits', '.svs', '.czi'),
    *('.avi', '.webm', '.mkv'),
    *('.dng', '.raw', '.cr2', '.cr3', '.nef', '.arw', '.mp4', '.mov'),
)


@dataclass(frozen=True)
class Photo:
    """One labelled image of own data."""

    image_id: str  # see :func:`image_id_of`
    path: str  # under the image folder, with ``/``
    labels: tuple[str, ...]  # class names, sorted; may be empty


class PhotoFolder(NamedTuple):
    """Files of a folder; paths are under it, with ``/``."""

    photos: dict[str, str]  # path by image id, sorted by id
    others: Counter  # other files by suffix
    unread: list[str]  # pictures and films of formats that are not read
    links: list[str]  # linked folders, which are not entered


def list_photos(
    folder: str | Path, leave_out: Iterable[str | Path] = ()
) -> PhotoFolder:
    """List the images of a folder and its sub-folders, but for some.

    Hidden files and folders are skipped, linked folders not entered. Raises
    DataError if there is no image, if two have one name but for the suffix, or
    if a name is too long.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f'image folder not found: {folder}')
    files, links = _walk(folder, {Path(p).resolve() for p in leave_out})
    found: dict[str, list[str]] = {}
    others: Counter = Counter()
    for path in files:
        if strip_image_suffix(path) == path:
            others[Path(path).suffix.lower() or 'none'] += 1
        else:
            found.setdefault(image_id_of(path), []).append(path)
    unread = sorted(p for p in files if Path(p).suffix.lower() in _NOT_READ)
    if not found:
        raise DataError(
            f'no image in {folder}: names must end in one of '
            f'{", ".join(IMAGE_SUFFIXES)}{_hints(unread, links)}'
        )
    _refuse_names(folder, found)
    photos = {key: found[key][0] for key in sorted(found)}
    return PhotoFolder(photos, others, unread, links)


def _walk(folder: Path, leave_out: set[Path]) -> tuple[list[str], list[str]]:
    """Files and linked folders of a folder, as paths under it."""
    files, links = [], []
    for name, folders, names in os.walk(folder):
        parent = Path(name)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(('.', '__MACOSX'))
            and (parent / name).resolve() not in leave_out
        )
        links += [parent / n for n in folders if (parent / n).is_symlink()]
        files += [parent / n for n in sorted(names) if not n.startswith('.')]
    return (
        [path.relative_to(folder).as_posix() for path in files],
        sorted(path.relative_to(folder).as_posix() for path in links),
    )


def _hints(unread: list[str], links: list[str]) -> str:
    """Contents of a folder that has no image."""
    text = ''
    if unread:
        text += f'. Convert to JPEG or PNG:\n{list_faults(unread)}'
    if links:
        text += f'. Linked folders are not entered:\n{list_faults(links)}'
    return text


def _refuse_names(folder: Path, found: dict[str, list[str]]) -> None:
    """Refuse images of one name, and names that outputs cannot have."""
    faults = []
    for image_id, paths in found.items():
        if len(paths) > 1:
            names = ' and '.join(map(repr, sorted(paths)))
            faults.append(
                f'{names} have one name but for the suffix or the way it is '
                'encoded'
            )
        if len(image_id.encode()) > MAX_ID_BYTES:
            faults.append(
                f'{paths[0]!r} gives a name of more than {MAX_ID_BYTES} bytes'
            )
        elif any('\ud800' <= char <= '\udfff' for char in paths[0]):
            faults.append(f'{paths[0]!r} is not in UTF-8')
    if faults:
        raise DataError(
            f'images of {folder} cannot be told apart or named, rename '
            f'them:\n{list_faults(sorted(faults))}'
        )


def match_rows(
    photos: dict[str, str], table: LabelTable, skip_bad: bool = False
) -> tuple[list[Photo], list[str]]:
    """Labelled images by id, and a line for each row without an image.

    A row may name its image with another image suffix, or without one. Raises
    DataError if a row's path leaves the folder or its image has a row already,
    or, unless ``skip_bad``, there is no such image.
    """
    faults, missing = [], []
    rows: dict[str, LabelRow] = {}
    for row in table.rows:
        rule = check_relative(row.image)
        image_id = image_id_of(row.image)
        if rule:
            faults.append(f'{row.where}: {row.image!r} {rule}')
        elif image_id in rows:
            faults.append(
                f'{row.where}: {row.image!r} has a row already, '
                f'{rows[image_id].where}'
            )
        elif image_id not in photos:
            missing.append(_missing(row, photos))
        else:
            rows[image_id] = row
    if faults:
        raise DataError(
            'rows break a rule; there is one row an image, named by its path '
            'under the image folder, with all its labels (dog;sofa):\n'
            f'{list_faults(faults)}'
        )
    if missing and not skip_bad:
        raise DataError(
            f'{len(missing)} of {len(table.rows)} rows name no image:\n'
            f'{list_faults(missing)}\nFix them, or leave them out with '
            '--skip-bad (`skip_bad=True` in own_data)'
        )
    if not rows:
        raise DataError('no row of the label file names an image')
    return [
        Photo(key, photos[key], tuple(sorted(set(rows[key].names))))
        for key in sorted(rows)
    ], missing


def _missing(row: LabelRow, photos: dict[str, str]) -> str:
    """Message that a row has no image, with the image that may be meant."""
    name = _file_name(row.image)
    near = [path for path in photos.values() if _file_name(path) == name]
    hint = f' (is it {" or ".join(map(repr, near[:2]))}?)' if near else ''
    suffix = PurePosixPath(row.image).suffix.lower()
    if suffix in _NOT_READ:
        hint = f'; {suffix} is not read, convert it to JPEG or PNG'
    return f'{row.where}: no image {row.image!r}{hint}'


def _file_name(path: str) -> str:
    """Last part of a path, without suffix, to be compared."""
    return same_text(strip_image_suffix(path.rpartition('/')[2])).casefold()


def apply_no_label(
    photos: list[Photo], rule: str
) -> tuple[list[Photo], list[str]]:
    """Images that stay, and the paths of those without any label.

    ``rule`` is ``'error'`` (DataError if there are some), ``'keep'`` or
    ``'drop'``.
    """
    empty = [photo.path for photo in photos if not photo.labels]
    if empty and rule == 'error':
        raise DataError(
            f'{len(empty)} of {len(photos)} images have no label:\n'
            f'{list_faults(empty)}\nLabel them, or set --no-label '
            '(`no_label` in own_data): `keep` takes them as images of nothing '
            'but background, which a classifier learns from, `drop` leaves '
            'them out'
        )
    if rule == 'drop':
        photos = [photo for photo in photos if photo.labels]
    return photos, empty
