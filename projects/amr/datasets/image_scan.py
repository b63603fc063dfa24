"""Reading every image and mask of own data once, before they are used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from projects.amr.datasets.image_folder import Photo
from projects.amr.datasets.mask_rules import load_mask
from projects.amr.datasets.transforms.loading import LoadWeakLabelImage
from projects.amr.errors import DataError, list_faults


def scan_image(path: str | Path) -> tuple[int, int]:
    """Read a whole image as training will.

    Args:
        path (str | Path): The image.

    Returns:
        tuple[int, int]: (H, W) of the loaded image.

    Raises:
        DataError: If it is missing, empty, cut off or no image.
    """
    try:
        with Image.open(path) as image:
            image.load()  # some OpenCV versions take images that are cut off
    except FileNotFoundError:
        raise DataError(f'image not found: {path}') from None
    except Exception as error:  # damaged files raise of all kinds
        raise DataError(f'{path} is not a readable image ({error})') from None
    return tuple(LoadWeakLabelImage()({'img_path': str(path)})['ori_shape'])


@dataclass
class PhotoScan:
    """What was found in photos and masks.

    Args:
        photos (list[Photo]): The photos that can be used.
        masks (dict[str, Path]): The masks that can be used, by image id.
        faults (list[str]): One line for each photo or mask that cannot.
        mask_values (dict[str, tuple[int, ...]]): Labels that occur in a
            mask, sorted, by image id.
    """

    photos: list[Photo] = field(default_factory=list)
    masks: dict[str, Path] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    mask_values: dict[str, tuple[int, ...]] = field(default_factory=dict)


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
            size = scan_image(Path(image_dir) / photo.path)
            found.photos.append(photo)
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
