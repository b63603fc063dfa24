"""The pictures of a report's images, one from every stage."""

from collections.abc import Iterable

import numpy as np

from projects.amr.datasets.images.image_files import find_image
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
)
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.cam_strip import colour_labels
from projects.amr.visualization.report import Panel
from projects.amr.visualization.stage_pictures import (
    boundary_picture,
    cam_picture,
)
from projects.amr.workflow.report.report_images import StageFolders, attempt

# Role and caption of label maps, before and after the boundary.
BEFORE = (('seeds', 'seed'),)
AFTER = (
    ('labels', 'pseudo label'),
    ('predictions', 'prediction'),
    ('masks', 'truth'),
)


def load_panels(
    folders: StageFolders, image_id: str, faults: list[str]
) -> tuple[tuple[Panel, ...], set[int]]:
    """Load one image's pictures, in the order of the stages.

    Args:
        folders (StageFolders): Where the outputs are.
        image_id (str): The image.
        faults (list[str]): Gets a line for each file that is unusable.

    Returns:
        tuple[tuple[Panel, ...], set[int]]: The pictures that exist, none
        without the image itself, and the labels that occur in them.
    """
    image = None
    if folders.images is not None and folders.images.is_dir():
        image = attempt(lambda: load_image(folders.images, image_id), faults)
    if image is None:
        return (), set()
    before, seen = _label_panels(folders, image_id, BEFORE, faults)
    after, more = _label_panels(folders, image_id, AFTER, faults)
    panels = [
        Panel('image', image),
        *_cam_panels(folders, image_id, image, faults),
        *before,
        *_boundary_panels(folders, image_id, image.shape[:2], faults),
        *after,
    ]
    return tuple(panels), seen | more


def load_image(folder, image_id: str) -> np.ndarray:
    """Load an image as the stages do.

    Args:
        folder (Path): Folder of the images.
        image_id (str): The image.

    Returns:
        np.ndarray: Shape (H, W, 3), uint8, BGR.

    Raises:
        DataError: If there is no such image, or it is damaged.
    """
    path = str(find_image(folder, image_id))
    return LoadWeakLabelImage()({'img_path': path})['img']


def _cam_panels(
    folders: StageFolders, image_id: str, image: np.ndarray, faults: list[str]
) -> list[Panel]:
    """Pictures of a CAM record's maps, branches first."""
    if folders.cams is None:
        return []
    path = folders.cams / f'{image_id}.npz'
    record = attempt(lambda: CAMRecord.load(path), faults)
    if record is None:
        return []
    final = 'weighted CAM' if record.branches else 'CAM'
    maps = {**record.branches, final: record.cam}
    return [Panel(name, cam_picture(image, cam)) for name, cam in maps.items()]


def _boundary_panels(
    folders: StageFolders,
    image_id: str,
    size: tuple[int, int],
    faults: list[str],
) -> list[Panel]:
    """Picture of a boundary map."""
    if folders.boundaries is None:
        return []
    path = folders.boundaries / f'{image_id}.npz'
    loaded = attempt(lambda: load_boundary_map(path), faults)
    if loaded is None:
        return []
    return [Panel('boundary', boundary_picture(loaded[0], size))]


def _label_panels(
    folders: StageFolders,
    image_id: str,
    roles: Iterable[tuple[str, str]],
    faults: list[str],
) -> tuple[list[Panel], set[int]]:
    """Pictures of label maps, and the labels in them."""
    panels, seen = [], set()
    for role, caption in roles:
        folder = getattr(folders, role)
        if folder is None:
            continue
        path = folder / f'{image_id}.png'
        loaded = attempt(lambda path=path: load_label_map(path), faults)
        if loaded is None:
            continue
        seen |= set(np.unique(loaded[0]).tolist())
        picture = colour_labels(loaded[0], voc_palette(255))
        panels.append(Panel(caption, picture, flat=True))
    return panels, seen
