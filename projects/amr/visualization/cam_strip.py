"""Pictures of CAMs, side by side as in Figure 4 of AMR."""

import cv2
import numpy as np

GAP = 4
CAPTION_HEIGHT = 18


def overlay_cam(
    image: np.ndarray, cam: np.ndarray, opacity: float = 0.55
) -> np.ndarray:
    """Colour an image (H, W, 3), BGR, by scores (h, w): blue 0, red 1.

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


def cam_picture(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """Colour an image, BGR, by each pixel's strongest of K maps, K >= 0."""
    strongest = cam.max(0) if len(cam) else np.zeros(cam.shape[1:])
    return overlay_cam(image, strongest)


def colour_labels(labels: np.ndarray, palette) -> np.ndarray:
    """Paint labels (H, W), 0..255, as BGR, uint8, (H, W, 3).

    255 and labels beyond the ``palette``, RGB by label, are white.
    """
    table = np.full((256, 3), 255, np.uint8)
    table[: len(palette)] = np.asarray(palette, np.uint8)[:, ::-1]
    return table[labels]


def picture_strip(panels: list[tuple[str, np.ndarray]]) -> np.ndarray:
    """Put captioned pictures (H, W, 3) of one height side by side.

    All are uint8, BGR; so is the strip.
    """
    columns = []
    for caption, picture in panels:
        border = (CAPTION_HEIGHT, 0, 0, GAP)
        column = cv2.copyMakeBorder(
            picture, *border, cv2.BORDER_CONSTANT, value=(255, 255, 255)
        )
        place, font = (2, CAPTION_HEIGHT - 5), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(
            column, caption, place, font, 0.4, (0, 0, 0), 1, cv2.LINE_AA
        )
        columns.append(column)
    return np.hstack(columns)
