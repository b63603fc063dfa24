"""Where the objects and distractors of a ToyVOC image lie, in integers."""

from dataclasses import dataclass

import numpy as np

from projects.amr.datasets.toy_voc.catalogue import (
    BODY_SHAPES,
    WIDTH_PERCENT,
    half_length,
    half_width,
)
from projects.amr.datasets.toy_voc.integer_stream import IntegerStream
from projects.amr.datasets.toy_voc.spec import ToyVOCSpec

# Sixteen directions (dx, dy), each about 64 long.
_QUADRANT = ((64, 0), (59, 24), (45, 45), (24, 59))
_DIRECTIONS = (
    *_QUADRANT,
    *((-x, -y) for x, y in _QUADRANT),
    *((y, -x) for x, y in _QUADRANT),
    *((-y, x) for x, y in _QUADRANT),
)


@dataclass(frozen=True)
class Figure:
    """Where an object or a distractor lies and what it looks like.

    Attributes:
        label (int): Mask value of its class; 0 for a distractor.
        small (bool): Whether it is drawn at half the length.
        cx, cy (int): Centre of the body in pixels.
        a, b (int): Half length and half width of the body in pixels.
        r (int): Radius of the head in pixels.
        direction (tuple[int, int]): From tail to head, (dx, dy), about 64
            long.
        shape (int): Index into ``BODY_SHAPES``.
        phase (tuple[int, int]): Shift (y, x) of the texture in pixels.
        stretch (int): Change of the texture's period in pixels.
        colour (np.ndarray): Body colour (3,) that tells no class.
        paint (np.ndarray): Head colour (3,) that tells no class.
    """

    label: int
    small: bool
    cx: int
    cy: int
    a: int
    b: int
    r: int
    direction: tuple[int, int]
    shape: int
    phase: tuple[int, int]
    stretch: int
    colour: np.ndarray
    paint: np.ndarray

    @property
    def hx(self) -> int:
        """Column of the head's centre."""
        return self.cx + self.direction[0] * self.a * 85 // 6400

    @property
    def hy(self) -> int:
        """Row of the head's centre."""
        return self.cy + self.direction[1] * self.a * 85 // 6400


def draw_size(stream: IntegerStream, spec: ToyVOCSpec) -> tuple[int, int]:
    """Draw the image's size (H, W) in pixels."""
    sizes = (spec.size, *spec.other_sizes)
    height, width = sizes[stream.below(len(sizes))]
    jitter = spec.size_jitter
    return (
        height + stream.between(-jitter, jitter),
        width + stream.between(-jitter, jitter),
    )


def lay_out_figures(
    stream: IntegerStream, spec: ToyVOCSpec, height: int, width: int
) -> list[Figure]:
    """Place the objects; one that finds no room in 16 trials is left out.

    Args:
        stream (IntegerStream): Of the image.
        spec (ToyVOCSpec): How many, how large, of which classes.
        height (int): Of the image, in pixels.
        width (int): Of the image, in pixels.

    Returns:
        list[Figure]: The objects, in the order they were placed.
    """
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
    label: int,
    small: bool,
) -> Figure:
    """Draw position, size and colours of one figure.

    Args:
        stream (IntegerStream): Of the image.
        spec (ToyVOCSpec): The ranges.
        height (int): Of the image, in pixels.
        width (int): Of the image, in pixels.
        label (int): Mask value of its class; 0 for a distractor.
        small (bool): Whether it is drawn at half the length.

    Returns:
        Figure: Its head and body may reach over the image's border.
    """
    percent = stream.between(*spec.object_percent)
    a = half_length(min(height, width), percent, small)
    b = half_width(a, stream.between(*WIDTH_PERCENT))
    r = max(2, b * spec.head_percent // 100)
    margin = (a + r) * 4 // 5
    return Figure(
        label=label,
        small=small,
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
