"""Own data in the folders of a VOC devkit, by links to the photos."""

import csv
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from projects.amr.datasets.images.image_ids import check_image_id
from projects.amr.datasets.labels.class_list import CLASS_FILE
from projects.amr.datasets.labels.label_file import (
    csv_text,
    label_table_text,
)
from projects.amr.datasets.own_photos.image_folder import Photo
from projects.amr.errors import DataError
from projects.amr.runtime.files.atomic_write import (
    atomic_write,
    link_file,
    write_file,
    write_lines,
    writing,
)

MARKER = 'import.json'
LABEL_FILE = 'labels.csv'
IMAGE_MAP = 'images.csv'
_IMAGES, _MASKS = 'JPEGImages', 'SegmentationClass'
_LISTS = Path('ImageSets') / 'Segmentation'


@dataclass(frozen=True)
class DevkitPlan:
    """Content of a devkit folder."""

    image_dir: Path  # folder of the photos
    photos: tuple[Photo, ...]  # the labelled ones, by id
    classes: tuple[str, ...]  # names by label, background first
    val: frozenset[str]  # ids of the validation images
    masks: dict[str, Path] = field(default_factory=dict)  # by id

    def files(self) -> dict[Path, Path]:
        """Photo or mask by its place under the devkit folder."""
        images = {
            Path(_IMAGES, photo.image_id + Path(photo.path).suffix.lower()): (
                self.image_dir / photo.path
            )
            for photo in self.photos
        }
        masks = {
            Path(_MASKS, f'{image_id}.png'): path
            for image_id, path in self.masks.items()
        }
        return images | masks

    def lists(self) -> dict[str, list[str]]:
        """Ids by the name of their list.

        ``train_aug`` are all training images; ``train`` those of them that
        have a mask, or all if none has; ``val`` the validation images.
        """
        ids = [photo.image_id for photo in self.photos]
        train_aug = [i for i in ids if i not in self.val]
        train = [i for i in train_aug if i in self.masks] or train_aug
        val = [i for i in ids if i in self.val]
        return {'train_aug': train_aug, 'train': train, 'val': val}


def write_devkit(
    out_dir: str | Path,
    plan: DevkitPlan,
    copy: bool = False,
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[int, int]:
    """Fill a devkit folder, or bring an earlier one up to date.

    What is right is kept. Files of the folder's own earlier import that are no
    longer wanted are removed; any other file stays. Lists, labels and classes
    are written when all images are in place. With ``copy``, and where links
    are not supported, files are copied. Returns how many files were made, and
    how many kept.

    Raises DataError if the folder holds something else, UserError if it cannot
    be written.
    """
    out_dir = Path(out_dir)
    with writing(out_dir):
        _open_folder(out_dir)
        files = plan.files()
        _drop_outdated(out_dir, files)
        rows = ((photo.image_id, photo.path) for photo in plan.photos)
        write_file(out_dir / IMAGE_MAP, csv_text(('id', 'path'), rows))
        made = sum(
            _place(source, out_dir / place, copy)
            for place, source in progress(files.items())
        )
        for name, ids in plan.lists().items():
            write_lines(out_dir / _LISTS / f'{name}.txt', ids)
        order = plan.classes.index
        labels = [
            (p.image_id, sorted(p.labels, key=order)) for p in plan.photos
        ]
        write_file(out_dir / LABEL_FILE, label_table_text(labels))
        write_lines(out_dir / CLASS_FILE, plan.classes)
    return made, len(files) - made


def read_image_map(root: str | Path) -> dict[str, str]:
    """Path of each photo under the image folder, by image id.

    Empty if the folder does not come from :func:`write_devkit`. Raises
    DataError if the file is damaged.
    """
    path = Path(root) / IMAGE_MAP
    if not path.is_file():
        return {}
    try:
        with path.open(encoding='utf-8', newline='') as file:
            found = {row['id']: row['path'] for row in csv.DictReader(file)}
        if None in found.values() or any(map(check_image_id, found)):
            raise ValueError('a row without a path, or an id that leads out')
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise DataError(
            f'{path} is damaged ({error!r}): import the images again'
        ) from None
    return found


def check_out_dir(out_dir: str | Path) -> None:
    """Refuse a folder that is neither empty nor an earlier import."""
    out_dir = Path(out_dir)
    new = not out_dir.exists()
    empty = out_dir.is_dir() and not any(out_dir.iterdir())
    if not (new or empty) and not (out_dir / MARKER).is_file():
        raise DataError(
            f'{out_dir} is not empty and holds no earlier import (no '
            f'{MARKER}): choose an empty or a new folder'
        )


def _open_folder(out_dir: Path) -> None:
    """Make the folders, if the folder is new or an earlier import's."""
    check_out_dir(out_dir)
    for folder in (_IMAGES, _LISTS):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    write_file(out_dir / MARKER, '{}\n')


def _drop_outdated(out_dir: Path, files: dict[Path, Path]) -> None:
    """Remove what the earlier import placed and this one does not want."""
    for image_id, path in read_image_map(out_dir).items():
        suffix = Path(path).suffix.lower()
        for place in (
            Path(_IMAGES, image_id + suffix),
            Path(_MASKS, f'{image_id}.png'),
        ):
            if place not in files:
                (out_dir / place).unlink(missing_ok=True)


def _place(source: Path, target: Path, copy: bool) -> bool:
    """Link or copy one file; False if it is there already."""
    source = source.resolve()
    target.parent.mkdir(exist_ok=True)
    if not copy:
        if target.is_symlink() and os.readlink(target) == str(source):
            return False
        if link_file(source, target):
            return True
    status = source.stat()
    if target.is_file() and not target.is_symlink():
        there = target.stat()
        same_size = there.st_size == status.st_size
        if same_size and there.st_mtime_ns == status.st_mtime_ns:
            return False
    with atomic_write(target) as file, source.open('rb') as content:
        shutil.copyfileobj(content, file)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return True
