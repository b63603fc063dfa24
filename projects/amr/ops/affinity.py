"""Affinity of pixel pairs from a class boundary map (IRNet).

Two pixels belong together if no class boundary lies between them: their
affinity is 1 minus the largest boundary probability on the path from one to
the other (IRNet, arXiv:1904.05044).

Legend: N maps of H x W feature pixels, P offsets of the half disc, cells and
paths as in ``path_index.py``; M = H * W. A boundary map holds probabilities
in [0, 1].

Released code: gathers every cell of every path, then takes maxima, and drops
the source pixels whose half disc sticks out of the map.
Here: all pairs inside the map are kept; those leaving it have affinity 0,
as if the boundary were 1 outside.

How it is done: the values are replaced by their ranks, so that one maximum
carries the place of the winner along with its value. Each path is put together
from shorter ones (``shared_path_plan``).
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from projects.amr.ops.path_index import (
    as_batch,
    check_floats,
    check_radius,
    half_disc_offsets,
    shared_path_plan,
)

# Offsets looked up at once on a GPU: bounds the int64 indices in flight.
GPU_BLOCK = 16


def pairwise_affinity(boundary: Tensor, radius: int) -> Tensor:
    """Affinity of every pixel with its half disc of neighbours.

    Differentiable; see :func:`path_max` for the gradient.

    Args:
        boundary (Tensor): Boundary probabilities in [0, 1], floating point,
            shape (H, W), (N, H, W) or (N, 1, H, W).
        radius (int): Radius in feature pixels, at least 1; pairs nearer than
            this count. IRNet trains with 10 and walks with 5.

    Returns:
        Tensor: Shape (P, H, W) for one map, else (N, P, H, W), in [0, 1].
        Entry ``[p, y, x]`` belongs to the pair of ``(y, x)`` and
        ``(y, x) + half_disc_offsets(radius)[p]``; 0 if that leaves the map.

    Example:
        >>> boundary = torch.tensor([[0.0, 0.25, 0.0]])
        >>> pairwise_affinity(boundary, 3)[:2].tolist()  # (0, 1), (0, 2)
        [[[0.75, 0.75, 0.0]], [[0.75, 0.0, 0.0]]]
    """
    return _look_up(boundary, radius, as_affinity=True)


def path_max(boundary: Tensor, radius: int) -> Tensor:
    """Largest boundary probability on the path of every pair.

    The gradient of a pair goes to the one cell with the largest value; among
    equal ones to the first in row-major order, on every device.

    Returns:
        Tensor: Shape (P, H, W) for one map, else (N, P, H, W), in [0, 1]; 1,
        without gradient, where the pair leaves the map.

    Raises:
        TypeError: If ``boundary`` is not a floating point tensor, or
            ``radius`` not an int.
        ValueError: If ``boundary`` has another shape or is empty, or if
            ``radius`` is smaller than 1.
    """
    return _look_up(boundary, radius, as_affinity=False)


def _look_up(boundary: Tensor, radius: int, as_affinity: bool) -> Tensor:
    """Path maxima, or 1 minus them, with or without a way back."""
    check_radius(radius)
    check_floats(boundary, 'boundary')
    maps = as_batch(boundary, 'boundary')
    if torch.is_grad_enabled() and maps.requires_grad:
        result = _PathMax.apply(maps, radius, as_affinity)
    else:
        result = path_maxima(maps, radius, 1.0).transpose(0, 1)
        result = 1 - result if as_affinity else result
    return result[0] if boundary.ndim == 2 else result


class _PathMax(torch.autograd.Function):
    """Path maxima which remember where each maximum was found."""

    @staticmethod
    def forward(ctx, maps: Tensor, radius: int, as_affinity: bool) -> Tensor:
        """Path maxima (N, P, H, W) of maps (N, H, W), looked up by rank."""
        num_maps, height, width = maps.shape
        # Integers instead of values: a winner is named by its rank.
        ranks, order = _rank_cells(maps)
        winners = path_maxima(ranks, radius, height * width)
        # The last column is the outside: 1, and no gradient.
        table = maps.new_ones(num_maps, height * width + 1)
        table[:, :-1] = maps.flatten(1).gather(1, order)
        table = 1 - table if as_affinity else table
        result = maps.new_empty(num_maps, len(winners), height, width)
        for block, target in zip(
            _blocks(winners), _blocks(result, 1), strict=True
        ):
            found = table.gather(1, _flat_index(block))
            target.copy_(found.view_as(target))
        ctx.save_for_backward(winners, order)
        ctx.sign = -1 if as_affinity else 1
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        """Gradient (N, H, W): each pair's goes to the cell of its maximum."""
        winners, order = ctx.saved_tensors
        num_maps, num_cells = order.shape
        dtype = torch.promote_types(grad.dtype, torch.float32)
        table = grad.new_zeros(num_maps, num_cells + 1, dtype=dtype)
        for block, part in zip(
            _blocks(winners), _blocks(grad, 1), strict=True
        ):
            part = part.reshape(num_maps, -1).to(dtype)
            table.scatter_add_(1, _flat_index(block), part)
        # By rank so far; back to the places of the cells.
        total = torch.empty_like(table[:, :-1])
        total.scatter_(1, order, table[:, :-1] * ctx.sign)
        return total.view(-1, *grad.shape[-2:]).to(grad.dtype), None, None


def _rank_cells(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Rank the cells of each map; larger, then earlier, ranks higher.

    Ranks 0 to M - 1 are int16 if the rank M of the outside fits too and else
    int32; the cells (N, M) are in ascending order.
    """
    flat = maps.detach().flatten(1)
    # Stable and descending, then reversed: among equals the first in
    # row-major order gets the higher rank.
    order = flat.argsort(dim=1, descending=True, stable=True).flip(1)
    num_cells = flat.shape[1]
    fits = num_cells <= torch.iinfo(torch.int16).max
    dtype = torch.int16 if fits else torch.int32
    ascending = torch.arange(num_cells, device=maps.device, dtype=dtype)
    ranks = torch.empty_like(order, dtype=dtype)
    ranks.scatter_(1, order, ascending.expand_as(order))
    return ranks.view_as(maps), order


def _blocks(pairs: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Split along the offsets; one by one on a CPU, where caches count."""
    size = GPU_BLOCK if pairs.is_cuda else 1
    return pairs.split(size, dim) if pairs.shape[dim] else ()


def _flat_index(block: Tensor) -> Tensor:
    """Turn ranks (B, N, H, W) into an int64 index (N, B * M)."""
    return block.transpose(0, 1).flatten(1).long()


def path_maxima(maps: Tensor, radius: int, fill: float) -> Tensor:
    """Largest value (P, N, H, W) on each path of maps (N, H, W).

    Where a pair leaves the map it is ``fill``, at least as large as any value
    inside. Without gradient, not necessarily contiguous.

    The padded maps lie in one row of memory, so that moving by a cell is
    moving by a number of places: ``reach`` columns to the right of each map
    line are also its neighbour's margin on the left. Every path begins at
    its source, so what is computed in the margins is again the fill value.
    """
    maps = maps.detach()
    num_maps, height, width = maps.shape
    reach = radius - 1
    line = width + reach
    size = num_maps * (height + reach) * line
    num_pairs = len(half_disc_offsets(radius))
    margin = reach * (line + 1)
    # Row -1 holds the maps, row p the maxima of offset p.
    rows = maps.new_empty(num_pairs + 1, reach + size + margin)
    # What lies behind the body is read for places in the margins alone.
    rows[:, :reach] = fill
    body = rows[:, reach : reach + size]
    grid = body.unflatten(1, (num_maps, height + reach, line))
    grid[-1] = fill
    grid[-1, :, :height, :width] = maps
    # Shorter paths come first: each piece is finished when it is read.
    for p, parts in shared_path_plan(radius):
        moved = [
            rows[part.source].narrow(
                0, reach + part.shift[0] * line + part.shift[1], size
            )
            for part in parts
        ]
        torch.maximum(moved[0], moved[-1], out=body[p])
        for piece in moved[1:-1]:
            torch.maximum(body[p], piece, out=body[p])
    return grid[:-1, :, :height, :width]
