"""Pictures of what a chain's stages leave behind, one an image.

Shape legend: (H, W) image size, (h, w) size of a stored map, K classes of
the image. Colours are BGR, as in OpenCV.
"""

import cv2
import numpy as np

from projects.amr.visualization.cam_strip import overlay_cam


def cam_picture(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """Colour an image, BGR, by each pixel's strongest of K maps, K >= 0."""
    strongest = cam.max(0) if len(cam) else np.zeros(cam.shape[1:])
    return overlay_cam(image, strongest)


def shrink(picture: np.ndarray, side: int, smooth: bool = True) -> np.ndarray:
    """Make a picture's longer side at most ``side``; never enlarge.

    ``smooth`` averages pixels (photographs); else they are picked (label maps,
    so that no new colour appears).

    Raises:
        ValueError: If ``side`` is below 1.
    """
    if side < 1:
        raise ValueError(f'`side` must be at least 1, got {side}')
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    how = cv2.INTER_AREA if smooth else cv2.INTER_NEAREST
    return cv2.resize(picture, size, interpolation=how)
