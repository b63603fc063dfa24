"""Integer-only drawing of one ToyVOC image.

Every value is computed in integers, and shapes are integer tests on
coordinate grids, so that a sample has the same pixels on every machine.
Legend: H, W image size; h, w size of the window around a figure.
"""

from typing import NamedTuple

import cv2
import numpy as np

from projects.amr.datasets.toy_voc.figures import (
    BODY_SHAPES,
    UNIT,
    Figure,
    IntegerStream,
    body_texture,
    draw_figure,
    head_colours,
    place_figures,
)
from projects.amr.datasets.toy_voc.spec import NUM_DRAWINGS, ToyVOCSpec
from projects.amr.structures.label_space import IGNORE_LABEL

HEAD, BODY = 1, 2  # values of the part map
SPLITS = ('train', 'val', 'test')


class _Patch(NamedTuple):
    """Window around a figure: slices of the image, rows and columns."""

    window: tuple[slice, slice]
    y: np.ndarray  # (h, 1)
    x: np.ndarray  # (1, w)


class ToyObject(NamedTuple):
    """One object of a sample, as the VOC annotation describes it."""

    label: int  # mask value of its class, 1..K
    # Visible extent (xmin, ymin, xmax, ymax) in pixels, counted from 1, both
    # ends included, as in VOC.
    box: tuple[int, int, int, int]
    difficult: bool  # small, or more than half hidden


class ToySample(NamedTuple):
    """One drawn image with its dense and image-level truth."""

    image: np.ndarray  # (H, W, 3) uint8, RGB
    mask: np.ndarray  # (H, W) uint8: 0 background, 1..K classes, 255 void
    part: np.ndarray  # (H, W) uint8: 0 background, 1 head, 2 body, 255 void
    objects: tuple[ToyObject, ...]  # in drawing order


def draw_sample(spec: ToyVOCSpec, split: str, index: int) -> ToySample:
    """Draw one image of the set; depends on nothing but the arguments.

    The layout is drawn before anything that depends on contrast, clutter or
    noise. So specs that differ in these settings only share their masks.
    Images are counted from 0 in their split, one of :data:`SPLITS`.
    """
    stream = IntegerStream(spec.seed, SPLITS.index(split), index)
    height, width = _draw_size(stream, spec)
    figures = place_figures(stream, spec, height, width)
    canvas = _background(stream, height, width)
    for number in range(spec.num_distractors):
        _draw_distractor(canvas, stream, spec, textured=number % 2 == 0)

    instance = np.zeros((height, width), np.uint8)
    part = np.zeros((height, width), np.uint8)
    areas = []
    for number, figure in enumerate(figures, start=1):
        patch = _patch(figure, *canvas.shape[:2])
        window = patch.window
        body, head = _draw_object(canvas, figure, patch, spec)
        part[window][body] = BODY
        part[window][head] = HEAD
        instance[window][body | head] = number
        areas.append(np.count_nonzero(body | head))
    canvas += stream.field(canvas.shape, -spec.noise, spec.noise)
    image = np.clip(canvas, 0, 255).astype(np.uint8)

    void = _border(instance, spec.void_width)
    objects = _visible_objects(instance, void, figures, areas)
    labels = np.array([0, *(figure.label for figure in figures)], np.uint8)
    return ToySample(
        image,
        mask=np.where(void, np.uint8(IGNORE_LABEL), labels[instance]),
        part=np.where(void, np.uint8(IGNORE_LABEL), part),
        objects=objects,
    )


def _draw_size(stream: IntegerStream, spec: ToyVOCSpec) -> tuple[int, int]:
    sizes, jitter = (spec.size, *spec.other_sizes), spec.size_jitter
    height, width = sizes[stream.below(len(sizes))]
    height += stream.between(-jitter, jitter)
    return height, width + stream.between(-jitter, jitter)


def _background(stream: IntegerStream, height: int, width: int) -> np.ndarray:
    """Smooth random colours (H, W, 3), int32."""
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
    figure = draw_figure(stream, spec, *canvas.shape[:2])
    inner = stream.colour(0, 255)
    speckle = stream.field((64, 64), 0, 1).astype(bool)
    patch = _patch(figure, *canvas.shape[:2])
    if textured:
        grain = max(1, spec.texture_period // 2)
        pattern = speckle[(patch.y // grain) % 64, (patch.x // grain) % 64]
        _fill_body(canvas, figure, patch, pattern, spec)
    else:
        _fill_head(canvas, figure, patch, (figure.paint, inner))


def _draw_object(
    canvas: np.ndarray, figure: Figure, patch: _Patch, spec: ToyVOCSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Draw an object; return where body and head are in its window (h, w)."""
    drawing = (figure.label - 1 + spec.drawing_offset) % NUM_DRAWINGS
    y, x = patch.y + figure.phase[0], patch.x + figure.phase[1]
    period = spec.texture_period + figure.stretch
    pattern = body_texture(drawing, y, x, period)
    body = _fill_body(canvas, figure, patch, pattern, spec)
    colours = (figure.paint, figure.paint)
    if spec.heads == 'shown':
        colours = head_colours(drawing, spec.head_strength)
    return body, _fill_head(canvas, figure, patch, colours)


def _patch(figure: Figure, height: int, width: int) -> _Patch:
    # No shape reaches further than the corner of its box; the head's far
    # end is at most 0.86 a + r from the centre.
    reach = max(figure.a + figure.b, figure.a + figure.r) + 1
    top, bottom = max(0, figure.cy - reach), min(height, figure.cy + reach)
    left, right = max(0, figure.cx - reach), min(width, figure.cx + reach)
    y = np.arange(top, bottom, dtype=np.int64)[:, None]
    x = np.arange(left, right, dtype=np.int64)[None, :]
    return _Patch((slice(top, bottom), slice(left, right)), y, x)


def _fill_body(
    canvas: np.ndarray, figure: Figure, patch: _Patch, pattern, spec
) -> np.ndarray:
    """Fill the body; return where it is in its window (h, w)."""
    region, (dx, dy) = canvas[patch.window], figure.direction
    x, y = patch.x - figure.cx, patch.y - figure.cy
    u = (x * dx + y * dy) * (UNIT // 64) // figure.a
    v = (y * dx - x * dy) * (UNIT // 64) // figure.b
    body = BODY_SHAPES[figure.shape](u, v)
    # Contrast falls linearly from the head's end to the tail.
    from_tail = np.clip(u[body] + UNIT, 0, 2 * UNIT)
    tail = spec.tail_percent
    share = tail * 2 * UNIT + (100 - tail) * from_tail
    swing = spec.body_strength * share // (400 * UNIT)
    signed = np.where(pattern[body], swing, -swing).astype(region.dtype)
    region[body] = figure.colour + signed[:, None]
    return body


def _fill_head(
    canvas: np.ndarray, figure: Figure, patch: _Patch, colours
) -> np.ndarray:
    """Fill the head's disc and core; return where the disc is (h, w)."""
    region, (head_x, head_y) = canvas[patch.window], figure.head
    distance = (patch.x - head_x) ** 2 + (patch.y - head_y) ** 2
    head = distance <= figure.r**2
    region[head] = colours[0]
    region[4 * distance <= figure.r**2] = colours[1]
    return head


def _visible_objects(
    instance: np.ndarray,
    void: np.ndarray,
    figures: list[Figure],
    areas: list[int],
) -> tuple[ToyObject, ...]:
    """Describe the objects that have a pixel outside the border."""
    bins = len(figures) + 1
    visible = np.bincount(instance.ravel(), minlength=bins)
    sure = np.bincount(instance[~void], minlength=bins)
    return tuple(
        ToyObject(
            figure.label,
            _voc_box(instance == number),
            bool(figure.small or 2 * visible[number] < area),
        )
        for number, (figure, area) in enumerate(
            zip(figures, areas, strict=True), start=1
        )
        if sure[number]
    )


def _border(instance: np.ndarray, width: int) -> np.ndarray:
    """Pixels within ``width`` of another instance, (H, W) bool."""
    if width == 0:
        return np.zeros(instance.shape, bool)
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return cv2.dilate(instance, kernel) != cv2.erode(instance, kernel)


def _voc_box(where: np.ndarray) -> tuple[int, int, int, int]:
    x, y, width, height = cv2.boundingRect(where.astype(np.uint8))
    return x + 1, y + 1, x + width, y + height
