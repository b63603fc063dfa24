"""Pictures of labelled samples: labels over the image, text above it."""

import cv2
import numpy as np

from projects.amr.structures.label_space import BACKGROUND_LABEL
from projects.amr.visualization.cam_strip import colour_labels

_LINE_HEIGHT = 18
_MARGIN = 4
_FONT = (cv2.FONT_HERSHEY_SIMPLEX, 0.45)


def overlay_labels(
    image: np.ndarray, labels: np.ndarray, palette, opacity: float = 0.6
) -> np.ndarray:
    """Colour an image, BGR, by labels (H, W); background stays, 255 is white.

    Raises:
        ValueError: If the shapes differ.
    """
    if labels.shape != image.shape[:2]:
        raise ValueError(
            f'labels of shape {labels.shape} over an image of {image.shape}'
        )
    colours = colour_labels(labels, palette)
    mixed = cv2.addWeighted(colours, opacity, image, 1 - opacity, 0)
    seen = (labels != BACKGROUND_LABEL)[..., None]
    return np.where(seen, mixed, image)


def add_title(picture: np.ndarray, lines: list[str]) -> np.ndarray:
    """Write lines of ASCII above a picture (H, W, 3), uint8.

    The result is as wide as the longest line; the picture is at its left.
    """
    width = max(
        cv2.getTextSize(line, *_FONT, 1)[0][0] + 2 * _MARGIN for line in lines
    )
    top, right = _LINE_HEIGHT * len(lines), max(width - picture.shape[1], 0)
    white = (255, 255, 255)
    out = cv2.copyMakeBorder(
        picture, top, 0, 0, right, cv2.BORDER_CONSTANT, value=white
    )
    for number, line in enumerate(lines, 1):
        place = (_MARGIN, _LINE_HEIGHT * number - 5)
        cv2.putText(out, line, place, *_FONT, (0, 0, 0), 1, cv2.LINE_AA)
    return out
