"""Reading every image and mask of own data once, before they are used."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from projects.amr.datasets.labels.mask_rules import load_mask
from projects.amr.datasets.own_photos.image_folder import Photo
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


def scan_photos(
    image_dir: str | Path,
    photos: Iterable[Photo],
    masks: dict[str, Path],
    num_labels: int,
    skip_bad: bool = False,
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[list[Photo], dict[str, Path], list[str]]:
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
        tuple[list[Photo], dict[str, Path], list[str]]: Photos and masks that
        stay, and one line for each that does not.

    Raises:
        DataError: If some cannot be used, unless ``skip_bad``, or none can.
    """
    good, good_masks, faults = [], {}, []
    photos = list(photos)
    for photo in progress(photos):
        try:
            size = scan_image(Path(image_dir) / photo.path)
            good.append(photo)
            if photo.image_id in masks:
                load_mask(masks[photo.image_id], num_labels, size)
                good_masks[photo.image_id] = masks[photo.image_id]
        except DataError as error:
            faults.append(str(error))
    if faults and not (skip_bad and good):
        raise DataError(
            f'{len(faults)} of {len(photos)} images or their masks cannot be '
            f'used:\n{list_faults(faults)}\nMend them, or leave them out '
            'with --skip-bad (`skip_bad=True` in own_data)'
        )
    return good, good_masks, faults
