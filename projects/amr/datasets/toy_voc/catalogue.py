"""What the classes of ToyVOC look like: textures, colours, shapes, sizes.

All in integers. Legend: H, W image size; h, w size of the window around a
shape; U, V coordinates along and across a body in 1/1024 of its half axes,
so that ``U = 1024`` is the end that carries the head and ``U = -1024`` the
tail.
"""

from collections.abc import Callable

import numpy as np

NUM_DRAWINGS = 20
UNIT = 1024
WIDTH_PERCENT = (50, 70)  # of a body, of its length

# Signs of (R, G, B) around the hue circle: red, yellow, green, cyan, ...
_HUES = (
    (1, -1, -1),
    (1, 1, -1),
    (-1, 1, -1),
    (-1, 1, 1),
    (-1, -1, 1),
    (1, -1, 1),
)
_INNER_HUE_STEPS = (3, 1, 2, 4)  # from the outer hue, by drawing // 6


def head_colours(drawing: int, strength: int) -> tuple[np.ndarray, ...]:
    """Return the colours of a drawing's head.

    Args:
        drawing (int): 0 to ``NUM_DRAWINGS - 1``.
        strength (int): Grey levels on either side of 128, 0 to 127.

    Returns:
        tuple[np.ndarray, np.ndarray]: Outer and inner colour, int32, RGB,
        shape (3,).
    """
    outer = drawing % len(_HUES)
    inner = outer + _INNER_HUE_STEPS[drawing // len(_HUES)]
    return tuple(
        128 + strength * np.array(_HUES[hue % len(_HUES)], np.int32)
        for hue in (outer, inner)
    )


def body_texture(
    drawing: int, y: np.ndarray, x: np.ndarray, period: int
) -> np.ndarray:
    """Return the light places of a drawing's body texture.

    Drawings 0..9 are ten patterns, 10..19 the same at twice the period. A
    mirrored image keeps its classes: no pattern leans to one side.

    Args:
        drawing (int): 0 to ``NUM_DRAWINGS - 1``.
        y (np.ndarray): Rows in pixels, integer, shape (h, 1).
        x (np.ndarray): Columns in pixels, integer, shape (1, w).
        period (int): Of drawings 0..9, in pixels, at least 4.

    Returns:
        np.ndarray: bool, shape (h, w).
    """
    period *= 1 + drawing // 10
    half, quarter = period // 2, period // 4
    row, column = y % period, x % period
    rise, lean = abs(row - half), abs(column - half)  # triangle waves
    shifted_x = (x + (y // half % 2) * half) % period
    shifted_y = (y + (x // half % 2) * half) % period
    pattern = (
        lambda: row < half,  # horizontal stripes
        lambda: column < half,  # vertical stripes
        lambda: (row < half) ^ (column < half),  # checks
        lambda: (row < half) & (column < half),  # dots
        lambda: (y + lean) % period < half,  # chevrons
        lambda: (x + rise) % period < half,  # waves
        lambda: rise + lean < half,  # diamonds
        lambda: (y % half < quarter) | (shifted_x < quarter),  # bricks
        lambda: (x % half < quarter) | (shifted_y < quarter),  # pillars
        lambda: (row < quarter) | (column < quarter),  # grid
    )[drawing % 10]()
    return np.broadcast_to(pattern, np.broadcast_shapes(y.shape, x.shape))


def half_length(shorter_side: int, percent: int, small: bool) -> int:
    """Return a body's half length in pixels, at least 6.

    Args:
        shorter_side (int): Of the image, in pixels.
        percent (int): The half length, of that side.
        small (bool): Whether it is halved.
    """
    return max(6, shorter_side * percent // (200 if small else 100))


def half_width(length: int, percent: int) -> int:
    """Return a body's half width in pixels, at least 4.

    Args:
        length (int): Its half length in pixels.
        percent (int): The half width, of that.
    """
    return max(4, length * percent // 100)


def _ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u**2 + v**2 <= UNIT**2


def _rounded_box(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u**4 + v**4 <= UNIT**4


def _hexagon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (abs(v) <= UNIT) & (2 * abs(u) + abs(v) <= 2 * UNIT)


BODY_SHAPES: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...] = (
    _ellipse,
    _rounded_box,
    _hexagon,
)
