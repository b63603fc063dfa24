"""CAMs of one image, a row per class and a column per map."""

import unicodedata

import numpy as np

from projects.amr.visualization.cam_strip import overlay_cam, picture_strip


def class_strips(
    image: np.ndarray, cams: dict[str, np.ndarray], captions: list[str]
) -> np.ndarray:
    """Draw classes' maps (K, h, w) on an image, BGR, a strip per class.

    Captions, one per class, are drawn over the image, see
    :func:`plain_text`.

    Raises:
        ValueError: If there is no class, or not one caption per class.
    """
    if not captions or any(len(cam) != len(captions) for cam in cams.values()):
        raise ValueError(
            f'{len(captions)} captions for maps of '
            f'{[len(cam) for cam in cams.values()]} classes; there must be '
            'one per class, and at least one'
        )
    strips = []
    for row, caption in enumerate(captions):
        maps = [(k, overlay_cam(image, cam[row])) for k, cam in cams.items()]
        strips.append(picture_strip([(plain_text(caption), image), *maps]))
    return np.vstack(strips)


def plain_text(text: str) -> str:
    """Text in ASCII, which OpenCV draws; accents go, the rest becomes ``?``.

    Example:
        >>> plain_text('Äpfel 0.97')
        'Apfel 0.97'
    """
    letters = unicodedata.normalize('NFKD', text)
    return ''.join(
        letter if letter.isascii() else '?'
        for letter in letters
        if not unicodedata.combining(letter)
    )
