"""Reading every image and mask of own data once, before they are used."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from projects.amr.datasets.images.file_facts import image_facts
from projects.amr.datasets.labels.weak_labels import load_mask
from projects.amr.datasets.own_photos.image_folder import Photo
from projects.amr.errors import DataError, list_faults


@dataclass
class PhotoScan:
    """Findings in photos and masks."""

    # Photos and masks (by image id) that can be used, a line for the others.
    photos: list[Photo] = field(default_factory=list)
    masks: dict[str, Path] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    # Sorted labels of each mask, by image id.
    mask_values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    converted: Counter = field(default_factory=Counter)  # photos by rule
    plain: list[str] = field(default_factory=list)  # photos of one colour


def scan_photos(
    image_dir: str | Path,
    photos: Iterable[Photo],
    masks: dict[str, Path],
    num_labels: int,
    skip_bad: bool = False,
    progress: Callable[[Iterable], Iterable] = iter,
) -> PhotoScan:
    """Read every photo, and its mask where it has one.

    ``skip_bad`` leaves out what cannot be used: a photo, or a mask alone.
    Raises DataError if some cannot be used, unless ``skip_bad``, or none can.
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
            f'used:\n{list_faults(faults)}\nFix them, or leave them out '
            'with --skip-bad (`skip_bad=True` in own_data)'
        )
    return found
