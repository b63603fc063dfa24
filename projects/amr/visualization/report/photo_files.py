"""Files of a photo beside a page: the picture, and its maps as a script.

A page that is opened from a disk can run the scripts beside it, but cannot
read files: the maps come as deflated bytes within a script.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from projects.amr.ops.cam import cam_scores
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.visualization.report.data import Layer

PHOTO_SIDE = 400  # longest side of a picture in pixels
MAP_SIDE = 160  # longest side of a map in pixels
MAX_THRESHOLDS = 255  # the levels of a CAM are bytes
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 75)


def map_size(
    size: tuple[int, int], longest: int = MAP_SIDE
) -> tuple[int, int]:
    """Size of the maps of an image of size (H, W), which is never enlarged.

    Example:
        >>> map_size((375, 500)), map_size((9, 7)), map_size((1, 4000))
        ((120, 160), (9, 7), (1, 160))
    """
    scale = min(longest / max(size), 1)
    return tuple(max(round(side * scale), 1) for side in size)


def cam_layer(
    name: str,
    cam: np.ndarray,
    classes: np.ndarray,
    size: tuple[int, int],
    thresholds: Sequence[float],
) -> Layer:
    """Level and winning label of each pixel of a CAM.

    The level is the number of thresholds that are below the score: the score
    beats threshold ``t`` where the level is above ``t``, exactly. The CAM is
    (K, h, w), in [0, 1], its ``classes`` (K,) count from 0, ``size`` is that
    of the layer. Raises ValueError if there are more than ``MAX_THRESHOLDS``
    thresholds, which ascend.

    Example:
        >>> cam = np.array([[[0.1, 0.6]], [[0.2, 0.3]]], np.float32)
        >>> cam_layer('CAM', cam, [4, 7], (1, 2), (0, 0.2, 0.5)).planes
        array([[[1, 3]],
        <BLANKLINE>
               [[8, 5]]], dtype=uint8)
    """
    if len(thresholds) > MAX_THRESHOLDS:
        raise ValueError(
            f'at most {MAX_THRESHOLDS} thresholds, got {len(thresholds)}'
        )
    scores, labels = cam_scores(
        torch.as_tensor(cam), torch.as_tensor(classes), size
    )
    # float32, as `scores > bg_thr` compares them
    steps = torch.tensor(thresholds, dtype=scores.dtype)
    levels = torch.searchsorted(steps, scores)
    planes = torch.stack([levels, labels]).numpy().astype(np.uint8)
    return Layer(name, 'cam', planes)


def label_layer(name: str, labels: np.ndarray, size: tuple[int, int]) -> Layer:
    """Labels (H, W) at the nearest pixels."""
    return Layer(name, 'labels', _resize(labels, size, cv2.INTER_NEAREST))


def grey_layer(name: str, values: np.ndarray, size: tuple[int, int]) -> Layer:
    """Scores (H, W) in [0, 1] as 16 greys, 0 to 255: few bytes."""
    values = _resize(np.asarray(values, np.float32), size, cv2.INTER_AREA)
    return Layer(name, 'grey', np.rint(values * 15).astype(np.uint8) * 17)


def _resize(plane: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    """One plane (1, h, w)."""
    return cv2.resize(plane, size[::-1], interpolation=how)[None]


def save_photo(
    folder: Path, image: np.ndarray, layers: Sequence[Layer]
) -> tuple[str, str]:
    """Write picture (H, W, 3), uint8, BGR, and maps unless they are there.

    Files are named by their content: a page made earlier stays as it was.
    Returns the names of picture and maps.
    """
    size = map_size(image.shape[:2], PHOTO_SIDE)
    small = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    picture = cv2.imencode('.jpg', small, _QUALITY)[1].tobytes()
    planes = b''.join(layer.planes.tobytes() for layer in layers)
    text = base64.b64encode(zlib.compress(planes, 9)).decode()
    key = _digest(text.encode())
    script = f'receiveMaps({json.dumps(key)}, {json.dumps(text)});\n'
    names = f'{_digest(picture)}.jpg', f'{key}.js'
    for name, content in zip(names, (picture, script), strict=True):
        if not (folder / name).exists():
            write_file(folder / name, content)
    return names


def _digest(content: bytes) -> str:
    """Name of a content."""
    return hashlib.sha256(content).hexdigest()[:16]
