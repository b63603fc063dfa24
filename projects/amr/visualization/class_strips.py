"""CAMs of one image, a row a class and a column a map."""

import unicodedata

import numpy as np

from projects.amr.visualization.cam_strip import overlay_cam, picture_strip


def class_strips(
    image: np.ndarray, cams: dict[str, np.ndarray], captions: list[str]
) -> np.ndarray:
    """Draw every class's maps on an image.

    Args:
        image (np.ndarray): Shape (H, W, 3), uint8, BGR.
        cams (dict[str, np.ndarray]): By name, shape (K, h, w), in [0, 1].
        captions (list[str]): One a class, drawn over the image; letters
            that the font lacks lose their accents or become ``?``.

    Returns:
        np.ndarray: K strips below each other, uint8, BGR.

    Raises:
        ValueError: If there is no class, or not one caption a class.
    """
    if not captions or any(len(cam) != len(captions) for cam in cams.values()):
        raise ValueError(
            f'{len(captions)} captions for maps of '
            f'{[len(cam) for cam in cams.values()]} classes; there must be '
            'one a class, and at least one'
        )
    return np.vstack(
        [
            picture_strip(
                [
                    (plain_text(caption), image),
                    *(
                        (name, overlay_cam(image, cam[row]))
                        for name, cam in cams.items()
                    ),
                ]
            )
            for row, caption in enumerate(captions)
        ]
    )


def plain_text(text: str) -> str:
    """Text in the letters that OpenCV draws.

    Args:
        text (str): Any text.

    Returns:
        str: The same in ASCII.

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
