"""Bound on the enlargement of an image, so that memory stays bounded."""

import math


def bounded_scale(
    size: tuple[int, int], scale: float, max_pixels: int | None
) -> float:
    """The scale, or a smaller one at which the image has not too many pixels.

    ``size`` is (H, W); a bound of None is none.

    Example:
        >>> bounded_scale((300, 500), 2.0, 1_000_000)
        2.0
        >>> bounded_scale((3000, 5000), 2.0, 600_000)
        0.2
    """
    if max_pixels is None or size[0] * size[1] * scale**2 <= max_pixels:
        return scale
    return math.sqrt(max_pixels / (size[0] * size[1]))
