"""Pairs of neighbouring pixels and the grid cells on the way between them.

The affinity methods (AffinityNet, IRNet) look at pairs of pixels closer than
a radius. A pair is named by its source pixel and by one of ``P`` offsets of
a half disc, so that no pair occurs twice. IRNet judges a pair by the boundary
probabilities on its *path*: the grid cells whose squared distance to the
segment between the two pixels is below 1, both ends included.

Legend used by the ops built on this module:

- ``N`` maps in a batch, each ``H`` x ``W`` (feature pixels)
- ``P`` offsets of the half disc: 34 at radius 5, 152 at radius 10
- an offset or a cell is ``(dy, dx)`` in feature pixels, relative to the
  source pixel; offsets have ``dy >= 0``
"""

from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.ops.checks import require

Offset = tuple[int, int]


def check_radius(radius: int) -> None:
    """Refuse a radius which is not a whole number of at least 1.

    Raises:
        TypeError: If ``radius`` is not an int.
        ValueError: If ``radius`` is smaller than 1.
    """
    if isinstance(radius, bool) or not isinstance(radius, int):
        raise TypeError(f'`radius` must be an int, got {radius!r}')
    require(radius >= 1, 'radius', radius, 'at least 1')


@cache
def half_disc_offsets(radius: int) -> tuple[Offset, ...]:
    """List the offsets from a pixel to its partners.

    An offset belongs to the half disc if it is shorter than ``radius`` and
    points down, or right within the row. The negated offsets are the other
    half of the disc. Row-major order; empty for radius 1.

    Examples:
        >>> half_disc_offsets(2)
        ((0, 1), (1, -1), (1, 0), (1, 1))
        >>> len(half_disc_offsets(5)), len(half_disc_offsets(10))
        (34, 152)
    """
    check_radius(radius)
    return tuple(
        (dy, dx)
        for dy in range(radius)
        for dx in range(1 - radius, radius)
        if dy * dy + dx * dx < radius * radius and (dy > 0 or dx > 0)
    )


def offset_tensor(radius: int, device: torch.device) -> Tensor:
    """Offsets of a half disc, int64 (P, 2), also if there are none."""
    offsets = half_disc_offsets(radius)
    return torch.tensor(offsets, dtype=torch.int64, device=device).view(-1, 2)


@cache
def path_cells(offset: Offset) -> tuple[Offset, ...]:
    """List the cells on the path from ``(0, 0)`` to an offset.

    A cell outside the rectangle spanned by the two ends is at least 1 away
    from the segment. Inside it the foot of the perpendicular lies on the
    segment, and the squared distance is ``cross**2 / length**2``; so the
    test needs whole numbers only, and a path never leaves an image which
    holds both of its ends. Row-major order.

    Examples:
        >>> path_cells((2, 2))
        ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2))
    """
    dy, dx = offset
    length = max(dy * dy + dx * dx, 1)
    return tuple(
        (y, x)
        for y in range(min(dy, 0), max(dy, 0) + 1)
        for x in range(min(dx, 0), max(dx, 0) + 1)
        if (y * dx - x * dy) ** 2 < length
    )


class PathPart(NamedTuple):
    """A piece of a path: an earlier path, or the map itself, moved.

    Attributes:
        source (int): Index of the earlier offset; -1 for the map itself.
        shift (tuple[int, int]): ``(dy, dx)`` by which it is moved.
    """

    source: int
    shift: Offset


@cache
def shared_path_plan(radius: int) -> tuple[tuple[int, list[PathPart]], ...]:
    """Plan how each path is put together from shorter paths.

    A maximum may visit a cell twice, so a path may be any union of moved
    shorter paths which covers it and does not stick out. Each step takes the
    piece with the most cells not yet covered. This makes 61 pieces out of
    242 path cells at radius 5, and 323 out of 2134 at radius 10.

    Returns:
        tuple[tuple[int, list[PathPart]], ...]: ``(offset index, pieces)`` in
        an order in which every source comes before its first use.
    """
    offsets = half_disc_offsets(radius)
    by_length = sorted(
        range(len(offsets)),
        key=lambda p: offsets[p][0] ** 2 + offsets[p][1] ** 2,
    )
    known = [(-1, _bits(path_cells((0, 0)), radius))]
    plan = []
    for p in by_length:
        cells = path_cells(offsets[p])
        plan.append((p, _cover(cells, known, radius)))
        known.append((p, _bits(cells, radius)))
    return tuple(plan)


def _bits(cells: tuple[Offset, ...], radius: int) -> int:
    """Write a set of cells as the bits of one integer.

    Rows are ``4 * radius`` bits long, so that moving a set is one bit shift
    and a set of at most ``2 * radius`` columns cannot wrap into another row.
    """
    return sum(1 << ((4 * y + 2) * radius + x) for y, x in cells)


def _cover(
    cells: tuple[Offset, ...], known: list[tuple[int, int]], radius: int
) -> list[PathPart]:
    """Cover a path greedily by moved known sets which stay inside it."""
    missing = _bits(cells, radius)
    fitting = {}
    for source, piece in known:
        for y, x in cells:
            step = 4 * radius * y + x
            moved = piece << step if step >= 0 else piece >> -step
            # Nothing of the piece sticks out of the path.
            if not moved & ~missing:
                fitting[PathPart(source, (y, x))] = moved
    parts = []
    while missing:
        best = max(fitting, key=lambda p: (fitting[p] & missing).bit_count())
        parts.append(best)
        # A cell may be covered twice: the maximum is the same.
        missing &= ~fitting[best]
    return parts


def shifted_windows(maps: Tensor, radius: int, fill: float) -> Tensor:
    """View maps from every cell a half disc can reach.

    Returns:
        Tensor: A view ``(N, radius, 2 * radius - 1, H, W)`` into one padded
        copy; entry ``[n, dy, dx + radius - 1, y, x]`` is
        ``maps[n, y + dy, x + dx]``.
    """
    height, width = maps.shape[-2:]
    reach = radius - 1
    padded = F.pad(maps, (reach, reach, 0, reach), value=fill)
    # (N, H + reach, W + 2 reach) -> (N, radius, 2 radius - 1, H, W)
    return padded.unfold(1, height, 1).unfold(2, width, 1)


def check_floats(maps: Tensor, name: str) -> None:
    """Raise TypeError unless maps are a floating point tensor."""
    if not torch.is_tensor(maps) or not maps.is_floating_point():
        got = getattr(maps, 'dtype', type(maps).__name__)
        raise TypeError(f'`{name}` must be a floating point tensor, got {got}')


def as_batch(maps: Tensor, name: str) -> Tensor:
    """Bring maps (H, W), (N, H, W) or (N, 1, H, W) to (N, H, W).

    Raises:
        ValueError: If ``maps`` has another shape or no pixel.
    """
    shape = tuple(maps.shape)
    fits = maps.ndim in (2, 3) or (maps.ndim == 4 and shape[1] == 1)
    rule = 'of (N, H, W), N or (N, 1), with at least one pixel'
    require(fits and 0 not in shape[-2:], name, shape, rule)
    return maps.reshape(-1, *shape[-2:])
