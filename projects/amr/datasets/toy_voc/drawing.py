"""Integer-only drawing of one ToyVOC image.

Every value is computed in integers, and shapes are integer tests on
coordinate grids, so that a sample has the same pixels on every machine.
Randomness comes from :class:`IntegerStream`.

Legend: H, W image size; h, w size of the window around a shape; U, V local
coordinates along and across a body in 1/1024 of its half axes, so that
``U = 1024`` is the end that carries the head and ``U = -1024`` the tail.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from projects.amr.datasets.toy_voc.catalogue import (
    BODY_SHAPES,
    NUM_DRAWINGS,
    UNIT,
    body_texture,
    head_colours,
)
from projects.amr.datasets.toy_voc.integer_stream import IntegerStream
from projects.amr.datasets.toy_voc.layout import (
    Figure,
    draw_figure,
    draw_size,
    lay_out_figures,
)
from projects.amr.datasets.toy_voc.spec import ToyVOCSpec
from projects.amr.structures.label_space import IGNORE_LABEL

HEAD, BODY = 1, 2  # values of the part map
SPLITS = ('train', 'val', 'test')


@dataclass(frozen=True)
class ToyObject:
    """One object of a sample, as the VOC annotation describes it.

    Attributes:
        label (int): Mask value of its class, 1..K.
        box (tuple[int, int, int, int]): Visible extent ``(xmin, ymin, xmax,
            ymax)`` in pixels, counted from 1, both ends included (VOC).
        difficult (bool): Whether it is small or more than half hidden.
    """

    label: int
    box: tuple[int, int, int, int]
    difficult: bool


@dataclass(frozen=True)
class ToySample:
    """One drawn image with its dense and image-level truth.

    Attributes:
        image (np.ndarray): RGB image, (H, W, 3) uint8.
        mask (np.ndarray): Class of each pixel, (H, W) uint8: 0 background,
            1..K classes, 255 void.
        part (np.ndarray): Part of each pixel, (H, W) uint8: 0 background,
            1 head, 2 body, 255 void.
        labels (tuple[int, ...]): Mask values present, ascending, without 0
            and 255.
        objects (tuple[ToyObject, ...]): The objects, in drawing order.
    """

    image: np.ndarray
    mask: np.ndarray
    part: np.ndarray
    labels: tuple[int, ...]
    objects: tuple[ToyObject, ...]


def draw_sample(spec: ToyVOCSpec, split: str, index: int) -> ToySample:
    """Draw one image of the set; depends on nothing but the arguments.

    The layout is drawn before anything that depends on contrast, clutter or
    noise. So specs that differ in these knobs only share their masks.

    Args:
        spec (ToyVOCSpec): The knobs of the set.
        split (str): ``'train'``, ``'val'`` or ``'test'``.
        index (int): Number of the image in its split, from 0.

    Returns:
        ToySample: Image, mask, part map and labels.

    Raises:
        ValueError: If ``split`` is unknown or ``index`` is negative.
    """
    if split not in SPLITS:
        raise ValueError(f'split must be one of {SPLITS}, got {split!r}')
    if index < 0:
        raise ValueError(f'index must be >= 0, got {index}')
    stream = IntegerStream(spec.seed, SPLITS.index(split), index)
    height, width = draw_size(stream, spec)
    figures = lay_out_figures(stream, spec, height, width)
    canvas = _background(stream, height, width)
    for number in range(spec.num_distractors):
        _draw_distractor(canvas, stream, spec, textured=number % 2 == 0)

    instance = np.zeros((height, width), np.uint8)
    part = np.zeros((height, width), np.uint8)
    areas = [
        _draw_object(canvas, instance, part, number, figure, spec)
        for number, figure in enumerate(figures, start=1)
    ]
    canvas += stream.field(canvas.shape, -spec.noise, spec.noise)
    image = np.clip(canvas, 0, 255).astype(np.uint8)
    return _pack_sample(image, instance, part, figures, areas, spec.void_width)


def _background(stream: IntegerStream, height: int, width: int) -> np.ndarray:
    """Return a smooth random colour field (H, W, 3) int32."""
    cell = max(height, width) // 4 + 1
    knots = stream.field((6, 6, 3), 40, 215)
    top, down = np.divmod(np.arange(height, dtype=np.int32), cell)
    left, right = np.divmod(np.arange(width, dtype=np.int32), cell)
    down, right = down[:, None, None], right[None, :, None]
    rows = knots[top] * (cell - down) + knots[top + 1] * down
    field = rows[:, left] * (cell - right) + rows[:, left + 1] * right
    return field // (cell * cell)


def _draw_distractor(
    canvas: np.ndarray, stream: IntegerStream, spec: ToyVOCSpec, textured: bool
) -> None:
    """Draw something that looks like a body or a head but has no class."""
    height, width = canvas.shape[:2]
    figure = draw_figure(stream, spec, height, width, 0, False)
    inner = stream.colour(0, 255)
    speckle = stream.field((64, 64), 0, 1).astype(bool)
    window, y, x = _window(figure, height, width)
    if textured:
        grain = max(1, spec.texture_period // 2)
        pattern = speckle[(y // grain) % 64, (x // grain) % 64]
        _fill_body(canvas[window], figure, y, x, pattern, spec)
    else:
        _fill_head(canvas[window], figure, y, x, figure.paint, inner)


def _draw_object(
    canvas: np.ndarray,
    instance: np.ndarray,
    part: np.ndarray,
    number: int,
    figure: Figure,
    spec: ToyVOCSpec,
) -> int:
    """Draw an object over what is there; return its area in pixels."""
    window, y, x = _window(figure, *canvas.shape[:2])
    drawing = (figure.label - 1 + spec.drawing_offset) % NUM_DRAWINGS
    pattern = body_texture(
        drawing,
        y + figure.phase[0],
        x + figure.phase[1],
        spec.texture_period + figure.stretch,
    )
    body = _fill_body(canvas[window], figure, y, x, pattern, spec)
    if spec.heads == 'shown':
        outer, inner = head_colours(drawing, spec.head_strength)
    else:
        outer = inner = figure.paint
    head = _fill_head(canvas[window], figure, y, x, outer, inner)
    part[window][body] = BODY
    part[window][head] = HEAD
    instance[window][body | head] = number
    return int(np.count_nonzero(body | head))


def _window(
    figure: Figure, height: int, width: int
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Return the slices around a figure and their pixel coordinates."""
    # No shape reaches further than the corner of its box; the head's far
    # end is at most 0.86 a + r from the centre.
    reach = max(figure.a + figure.b, figure.a + figure.r) + 1
    top, bottom = max(0, figure.cy - reach), min(height, figure.cy + reach)
    left, right = max(0, figure.cx - reach), min(width, figure.cx + reach)
    y = np.arange(top, bottom, dtype=np.int64)[:, None]
    x = np.arange(left, right, dtype=np.int64)[None, :]
    return (slice(top, bottom), slice(left, right)), y, x


def _fill_body(
    region: np.ndarray,
    figure: Figure,
    y: np.ndarray,
    x: np.ndarray,
    pattern: np.ndarray,
    spec: ToyVOCSpec,
) -> np.ndarray:
    """Fill the body in ``region`` (h, w, 3); return where it is (h, w)."""
    dx, dy = figure.direction
    x, y = x - figure.cx, y - figure.cy
    u = (x * dx + y * dy) * (UNIT // 64) // figure.a
    v = (y * dx - x * dy) * (UNIT // 64) // figure.b
    body = BODY_SHAPES[figure.shape](u, v)
    # Contrast falls linearly from the head's end to the tail.
    from_tail = np.clip(u[body] + UNIT, 0, 2 * UNIT)
    share = (
        spec.tail_percent * 2 * UNIT + (100 - spec.tail_percent) * from_tail
    )
    swing = spec.body_strength * share // (400 * UNIT)
    signed = np.where(pattern[body], swing, -swing).astype(region.dtype)
    region[body] = figure.colour + signed[:, None]
    return body


def _fill_head(
    region: np.ndarray,
    figure: Figure,
    y: np.ndarray,
    x: np.ndarray,
    outer: np.ndarray,
    inner: np.ndarray,
) -> np.ndarray:
    """Fill the head's disc and core; return where the disc is (h, w)."""
    distance = (x - figure.hx) ** 2 + (y - figure.hy) ** 2
    head = distance <= figure.r**2
    region[head] = outer
    region[4 * distance <= figure.r**2] = inner
    return head


def _pack_sample(
    image: np.ndarray,
    instance: np.ndarray,
    part: np.ndarray,
    figures: list[Figure],
    areas: list[int],
    void_width: int,
) -> ToySample:
    """Draw the void border and describe the objects that are left."""
    void = _border(instance, void_width)
    labels = np.array([0, *(figure.label for figure in figures)], np.uint8)
    visible = np.bincount(instance.ravel(), minlength=len(labels))[1:]
    sure = np.bincount(instance[~void], minlength=len(labels))[1:]
    objects = tuple(
        ToyObject(
            label=figure.label,
            box=_voc_box(instance == number),
            difficult=bool(figure.small or 2 * visible[number - 1] < area),
        )
        for number, (figure, area) in enumerate(
            zip(figures, areas, strict=True), start=1
        )
        if sure[number - 1]
    )
    return ToySample(
        image=image,
        mask=np.where(void, np.uint8(IGNORE_LABEL), labels[instance]),
        part=np.where(void, np.uint8(IGNORE_LABEL), part),
        labels=tuple(sorted({item.label for item in objects})),
        objects=objects,
    )


def _border(instance: np.ndarray, width: int) -> np.ndarray:
    """Return the pixels within ``width`` of another instance, (H, W) bool."""
    if width == 0:
        return np.zeros(instance.shape, bool)
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return cv2.dilate(instance, kernel) != cv2.erode(instance, kernel)


def _voc_box(where: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = where.any(1).nonzero()[0], where.any(0).nonzero()[0]
    return (
        int(columns[0]) + 1,
        int(rows[0]) + 1,
        int(columns[-1]) + 1,
        int(rows[-1]) + 1,
    )
