"""Pictures of CAMs, side by side as in Figure 4 of AMR."""

import cv2
import numpy as np

GAP = 4
CAPTION_HEIGHT = 18


def overlay_cam(
    image: np.ndarray, cam: np.ndarray, opacity: float = 0.55
) -> np.ndarray:
    """Colour an image by a score map (blue 0, red 1).

    Args:
        image (np.ndarray): Shape (H, W, 3), uint8, BGR.
        cam (np.ndarray): Shape (h, w), in [0, 1].
        opacity (float): Share of the colours in [0, 1]. Defaults to 0.55.

    Returns:
        np.ndarray: Shape (H, W, 3), uint8, BGR.

    Raises:
        ValueError: If the scores leave [0, 1].
    """
    if cam.size and not (cam.min() >= 0 and cam.max() <= 1):
        raise ValueError('`cam` must be within [0, 1]')
    height, width = image.shape[:2]
    cam = cv2.resize(cam.astype(np.float32), (width, height))
    colours = cv2.applyColorMap(
        np.rint(cam * 255).astype(np.uint8), cv2.COLORMAP_JET
    )
    return cv2.addWeighted(colours, opacity, image, 1 - opacity, 0)


def colour_labels(labels: np.ndarray, palette) -> np.ndarray:
    """Paint a label map; 255 and what has no colour are white.

    Args:
        labels (np.ndarray): Integers in 0..255, shape (H, W).
        palette (Sequence): An RGB colour a label.

    Returns:
        np.ndarray: BGR, uint8, shape (H, W, 3).
    """
    table = np.full((256, 3), 255, np.uint8)
    table[: len(palette)] = np.asarray(palette, np.uint8)[:, ::-1]
    return table[labels]


def picture_strip(panels: list[tuple[str, np.ndarray]]) -> np.ndarray:
    """Put captioned pictures of one height side by side.

    Args:
        panels (list[tuple[str, np.ndarray]]): Caption and picture (H, W, 3),
            uint8, BGR, from left to right.

    Returns:
        np.ndarray: Shape (H', W', 3), uint8, BGR.
    """
    columns = []
    for caption, picture in panels:
        column = cv2.copyMakeBorder(
            picture,
            CAPTION_HEIGHT,
            0,
            0,
            GAP,
            cv2.BORDER_CONSTANT,
            value=(255, 255, 255),
        )
        cv2.putText(
            column,
            caption,
            (2, CAPTION_HEIGHT - 5),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.4,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
        columns.append(column)
    return np.hstack(columns)
