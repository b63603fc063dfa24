"""Label maps of COCO's instances."""

from collections.abc import Callable

import numpy as np

from projects.amr.datasets.labels.segment_masks import decode_rle
from projects.amr.errors import DataError, MissingDependencyError

_FAR = 1e6  # pixels; no coordinate is beyond


def draw_instances(
    place: str,
    size: tuple[int, int],
    annotations: list[dict],
    label_of: Callable[[dict], int],
) -> np.ndarray:
    """Draw an image's instances, later ones over earlier ones.

    Polygons or RLE become labels (H, W), uint8, 0 where nothing is drawn.
    ``label_of`` gives the label of an annotation, ``place`` stands before
    messages.

    Raises DataError if a segmentation breaks a rule of COCO's,
    MissingDependencyError if pycocotools is not installed.
    """
    labels = np.zeros(size, np.uint8)
    for number, item in enumerate(annotations):
        where = f'{place}, annotation {item.get("id", number)}'
        shape = item.get('segmentation')
        if isinstance(shape, dict):
            inside = decode_rle(where, shape, size)
        else:
            inside = _filled(where, shape, size)
        labels[inside] = label_of(item)
    return labels


def pycocotools_mask():
    """Module of pycocotools that draws polygons and makes RLE.

    Raises MissingDependencyError if it is not installed.
    """
    try:
        from pycocotools import mask
    except ImportError:
        raise MissingDependencyError(
            'pycocotools is not installed, and COCO masks are made with it: '
            'pip install pycocotools'
        ) from None
    return mask


def _filled(where: str, shape, size: tuple[int, int]) -> np.ndarray:
    """Mask of an instance's polygons, bool, (H, W)."""
    polygons = isinstance(shape, list) and shape
    if not polygons or not all(map(_is_polygon, polygons)):
        raise DataError(
            f'{where}: its segmentation must be an RLE, or polygons of three '
            'or more pairs of numbers, [[x, y, x, y, x, y]]: draw it again, '
            'or take the annotation out'
        )
    # pycocotools takes four numbers for a box, and drops an odd one.
    coco = pycocotools_mask()
    return coco.decode(coco.merge(coco.frPyObjects(shape, *size))) > 0


def _is_polygon(points) -> bool:
    return (
        isinstance(points, list)
        and len(points) >= 6
        and len(points) % 2 == 0
        and all(isinstance(v, (int, float)) and abs(v) < _FAR for v in points)
    )
