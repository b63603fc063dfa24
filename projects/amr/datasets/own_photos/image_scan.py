"""Reading every image and mask of own data once, before they are used."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from projects.amr.datasets.images.file_facts import image_facts, read_image
from projects.amr.datasets.labels.mask_rules import load_mask
from projects.amr.datasets.own_photos.image_folder import Photo
from projects.amr.errors import DataError, list_faults


def scan_image(path: str | Path) -> tuple[int, int]:
    """Read a whole image as training will.

    Args:
        path (str | Path): The image.

    Returns:
        tuple[int, int]: (H, W) of the loaded image.

    Raises:
        DataError: As :func:`read_image`.
    """
    return read_image(path).shape[:2]


@dataclass
class PhotoScan:
    """What was found in photos and masks.

    Args:
        photos (list[Photo]): The photos that can be used.
        masks (dict[str, Path]): The masks that can be used, by image id.
        faults (list[str]): One line for each photo or mask that cannot.
        mask_values (dict[str, tuple[int, ...]]): Labels that occur in a
            mask, sorted, by image id.
        converted (Counter): Photos by the rule they are converted by.
        plain (list[str]): Paths of photos of one colour.
    """

    photos: list[Photo] = field(default_factory=list)
    masks: dict[str, Path] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    mask_values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    converted: Counter = field(default_factory=Counter)
    plain: list[str] = field(default_factory=list)


def scan_photos(
    image_dir: str | Path,
    photos: Iterable[Photo],
    masks: dict[str, Path],
    num_labels: int,
    skip_bad: bool = False,
    progress: Callable[[Iterable], Iterable] = iter,
) -> PhotoScan:
    """Read every photo, and its mask where it has one.

    Args:
        image_dir (str | Path): Folder of the photos.
        photos (Iterable[Photo]): The photos.
        masks (dict[str, Path]): Mask by image id.
        num_labels (int): Classes with the background.
        skip_bad (bool): Whether what cannot be used is left out: a photo, or
            a mask alone. Defaults to False.
        progress (Callable): Wraps the photos to show how far it is. Defaults
            to ``iter``.

    Returns:
        PhotoScan: Photos and masks that stay, and what was found in them.

    Raises:
        DataError: If some cannot be used, unless ``skip_bad``, or none can.
    """
    found = PhotoScan()
    photos = list(photos)
    for photo in progress(photos):
        try:
            facts = image_facts(Path(image_dir) / photo.path)
            size = tuple(facts['size'])
            found.photos.append(photo)
            found.converted.update(facts['converted'])
            if facts.get('plain'):
                found.plain.append(photo.path)
            mask = masks.get(photo.image_id)
            if mask is not None:
                values = np.unique(load_mask(mask, num_labels, size))
                found.masks[photo.image_id] = mask
                found.mask_values[photo.image_id] = tuple(values.tolist())
        except DataError as error:
            found.faults.append(str(error))
    faults = found.faults
    if faults and not (skip_bad and found.photos):
        raise DataError(
            f'{len(faults)} of {len(photos)} images or their masks cannot be '
            f'used:\n{list_faults(faults)}\nMend them, or leave them out '
            'with --skip-bad (`skip_bad=True` in own_data)'
        )
    return found
