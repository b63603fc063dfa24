"""The colour map of VOC's palette PNGs."""

import numpy as np


def voc_palette(num_colours: int = 256) -> np.ndarray:
    """Colours (num_colours, 3) of the first labels, uint8, RGB.

    Bit ``3 * i + c`` of a label is bit ``7 - i`` of its channel ``c``.

    Example:
        >>> voc_palette(3).tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    index = np.arange(num_colours)[:, None] >> np.arange(3)
    colours = sum((index >> 3 * i & 1) << 7 - i for i in range(3))
    return colours.astype(np.uint8)
