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


def boundary_picture(
    boundary: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Draw boundary probabilities (h, w) in grey, (H, W, 3): 1 is white.

    Raises:
        ValueError: If the map is not (h, w) or leaves [0, 1].

    Example:
        >>> boundary_picture(np.array([[0.0, 1.0]]), (1, 2))[..., 0]
        array([[  0, 255]], dtype=uint8)
    """
    if boundary.ndim != 2:
        raise ValueError(f'`boundary` must be (h, w), got {boundary.shape}')
    if not (boundary.min() >= 0 and boundary.max() <= 1):
        raise ValueError('`boundary` must be within [0, 1]')
    resized = cv2.resize(boundary.astype(np.float32), size[::-1])
    grey = np.rint(255 * resized).astype(np.uint8)
    return grey[..., None].repeat(3, axis=2)


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
