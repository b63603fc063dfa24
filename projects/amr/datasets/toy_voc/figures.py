"""Where the figures of a ToyVOC image lie and how they look, in integers.

Legend: h, w size of the window around a figure; u, v coordinates along and
across a body in 1/1024 of its half axes, so that ``u = 1024`` is the end that
carries the head and ``u = -1024`` the tail.
"""

from typing import NamedTuple

import numpy as np

from projects.amr.datasets.toy_voc.spec import (
    WIDTH_PERCENT,
    ToyVOCSpec,
    half_length,
    half_width,
)

UNIT = 1024
# Sixteen directions (dx, dy), each about 64 long.
_QUADRANT = ((64, 0), (59, 24), (45, 45), (24, 59))
_DIRECTIONS = (
    *_QUADRANT,
    *((-x, -y) for x, y in _QUADRANT),
    *((y, -x) for x, y in _QUADRANT),
    *((-y, x) for x, y in _QUADRANT),
)
# Signs of (R, G, B) around the hue circle: red, yellow, green, cyan, ...
_HUES = np.array(
    [(1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, 1, 1), (-1, -1, 1), (1, -1, 1)]
)
_INNER_HUE_STEPS = (3, 1, 2, 4)  # from the outer hue, by drawing // 6
BODY_SHAPES = (
    lambda u, v: u**2 + v**2 <= UNIT**2,  # ellipse
    lambda u, v: u**4 + v**4 <= UNIT**4,  # rounded box
    lambda u, v: (abs(v) <= UNIT) & (2 * abs(u) + abs(v) <= 2 * UNIT),
)


class IntegerStream:
    """Random integers that are the same on every machine and numpy version.

    They come from ``numpy.random.PCG64.random_raw`` alone, whose stream numpy
    guarantees; the methods of ``numpy.random.Generator`` may change.
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def below(self, high: int) -> int:
        """Draw an integer in ``[0, high)``, for ``high`` below 2 ** 32."""
        return (int(self._bits.random_raw()) >> 32) * high >> 32

    def between(self, low: int, high: int) -> int:
        """Draw an integer in ``[low, high]``, both ends included."""
        return low + self.below(high - low + 1)

    def colour(self, low: int, high: int) -> np.ndarray:
        """Draw (R, G, B), (3,) int32, in ``[low, high]``."""
        return np.array([self.between(low, high) for _ in range(3)], np.int32)

    def field(self, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
        """Draw an int32 array in ``[low, high]``, at most 256 values."""
        size = int(np.prod(shape))
        raw = self._bits.random_raw((size + 7) // 8)
        octets = raw.astype('<u8').view(np.uint8)[:size].reshape(shape)
        return (octets.astype(np.int32) * (high - low + 1) >> 8) + low


class Figure(NamedTuple):
    """One object or distractor; it may reach over the image's border."""

    label: int  # mask value of its class, 0 for a distractor
    small: bool  # whether it has half the length
    cx: int  # centre of the body, in pixels
    cy: int
    a: int  # half length and half width of the body, in pixels
    b: int
    r: int  # radius of the head, in pixels
    direction: tuple[int, int]  # (dx, dy) from tail to head, about 64 long
    shape: int  # index into BODY_SHAPES
    phase: tuple[int, int]  # shift (y, x) of the texture, in pixels
    stretch: int  # change of the texture's period, in pixels
    colour: np.ndarray  # of the body and the head, without a class, (3,)
    paint: np.ndarray

    @property
    def head(self) -> tuple[int, int]:
        """Centre (x, y) of the head."""
        dx, dy = self.direction
        return (
            self.cx + dx * self.a * 85 // 6400,
            self.cy + dy * self.a * 85 // 6400,
        )


def place_figures(
    stream: IntegerStream, spec: ToyVOCSpec, height: int, width: int
) -> list[Figure]:
    """Place the objects; one that finds no room in 16 trials is left out."""
    figures: list[Figure] = []
    for _ in range(stream.between(*spec.objects)):
        label = 1 + stream.below(spec.num_classes)
        small = stream.below(100) < spec.difficult_percent
        for _ in range(16):
            figure = draw_figure(stream, spec, height, width, label, small)
            if all(_apart(figure, other) for other in figures):
                figures.append(figure)
                break
    return figures


def _apart(one: Figure, other: Figure) -> bool:
    distance = (one.cx - other.cx) ** 2 + (one.cy - other.cy) ** 2
    return 10000 * distance >= (75 * (one.a + other.a)) ** 2


def draw_figure(
    stream: IntegerStream,
    spec: ToyVOCSpec,
    height: int,
    width: int,
    label: int = 0,
    small: bool = False,
) -> Figure:
    """Draw position, size and colours of one figure."""
    percent = stream.between(*spec.object_percent)
    a = half_length(min(height, width), percent, small)
    b = half_width(a, stream.between(*WIDTH_PERCENT))
    r = max(2, b * spec.head_percent // 100)
    margin = (a + r) * 4 // 5
    return Figure(  # the order of the draws is part of the format
        label,
        small,
        cx=_centre(stream, width, margin),
        cy=_centre(stream, height, margin),
        a=a,
        b=b,
        r=r,
        direction=_DIRECTIONS[stream.below(len(_DIRECTIONS))],
        shape=stream.below(len(BODY_SHAPES)),
        phase=(stream.below(4096), stream.below(4096)),
        stretch=stream.between(-1, 1),
        colour=stream.colour(64, 191),
        paint=stream.colour(32, 223),
    )


def _centre(stream: IntegerStream, length: int, margin: int) -> int:
    return stream.between(
        min(margin, length // 2), max(length - 1 - margin, length // 2)
    )


def head_colours(drawing: int, strength: int) -> tuple[np.ndarray, np.ndarray]:
    """Outer and inner colour of a drawing's head, RGB, int32, (3,).

    ``strength`` are grey levels on either side of 128.
    """
    inner = drawing + _INNER_HUE_STEPS[drawing // len(_HUES)]
    outer, inner = _HUES[[drawing % len(_HUES), inner % len(_HUES)]]
    return 128 + strength * outer, 128 + strength * inner


def body_texture(
    drawing: int, y: np.ndarray, x: np.ndarray, period: int
) -> np.ndarray:
    """Light places of a drawing's body texture, bool, (h, w).

    Drawings 0..9 are ten patterns of a period in pixels, 10..19 the same at
    twice the period. A mirrored image keeps its classes: no pattern leans to
    one side.
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
