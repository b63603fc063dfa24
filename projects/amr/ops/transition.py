"""Transition matrix of a random walk on the pixel grid, kept sparse.

Legend: P offsets ``(dy, dx)`` of a half disc as in ``path_index.py``, maps
of H x W feature pixels, M = H * W pixels in row-major order. ``A`` (M, M) is
the symmetric matrix of affinities, ``d`` its degrees (row sums).

The methods walk with ``T = A d^-1``, whose columns sum to 1, as ``cam @ T``.
Kept here is the transpose ``d^-1 A``, whose rows sum to 1, to be applied as
``matrix @ cam.T``: the same numbers, and the order sparse products like.
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from projects.amr.ops.checks import require
from projects.amr.ops.path_index import offset_tensor


class Transition(NamedTuple):
    """One step of the walk.

    Attributes:
        matrix (Tensor): Sparse CSR (M, M), float64, rows sum to 1: at most
            ``2 * P + 1`` entries a row.
        degree (Tensor): Row sums of A, shape (M,), at least 1.
    """

    matrix: Tensor
    degree: Tensor


def transition_matrix(
    affinity: Tensor, radius: int, beta: float
) -> Transition:
    """Build one step of the walk from affinities (P, H, W) in [0, 1].

    They are raised to ``beta`` elementwise, laid into both triangles of A
    beside a diagonal of 1, and divided by the degrees. Pairs leaving the map
    do not exist, whatever their affinity says, so that the pixels at the
    border have smaller degrees.

    Returns:
        Transition: Matrix and degrees, on the device of ``affinity``.

    Raises:
        ValueError: If P is not that of ``radius``, or a value out of range.

    Example:
        >>> step = transition_matrix(torch.ones(4, 1, 3), radius=2, beta=1.0)
        >>> step.degree.tolist()
        [2.0, 3.0, 2.0]
        >>> step.matrix.to_dense()[0].tolist()
        [0.5, 0.5, 0.0]
    """
    num_pairs, height, width = affinity.shape
    size = height * width
    ends = offset_tensor(radius, affinity.device)
    rule = f'of {len(ends)} pairs at radius {radius}'
    require(num_pairs == len(ends), 'affinity', num_pairs, rule)
    check_unit_range(affinity, 'affinity')
    shift = ends[:, 0] * width + ends[:, 1]  # (P,)
    steps = torch.cat([-shift, shift.new_zeros(1), shift])
    order = _row_order(ends)
    valid = torch.cat(
        [
            _inside(-ends, height, width),
            torch.ones(1, size, dtype=torch.bool, device=affinity.device),
            _inside(ends, height, width),
        ]
    )[order]  # (2 P + 1, M)
    weight = affinity.new_ones(2 * num_pairs + 1, size, dtype=torch.float64)
    # Rows: P pairs upwards, the diagonal of 1, P pairs downwards.
    weight[num_pairs + 1 :] = affinity.flatten(1).double().pow(beta)
    # The pair of i and i - shift is stored at its source, i - shift.
    place = torch.arange(size, device=affinity.device)
    source = (place - shift[:, None]).clamp_(0, size - 1)
    torch.gather(weight[num_pairs + 1 :], 1, source, out=weight[:num_pairs])
    weight = weight[order].masked_fill_(~valid, 0)
    # At least 1: every pixel is linked with itself.
    degree = weight.sum(0)
    weight /= degree
    columns = place.int() + steps[order, None].int()
    return Transition(_to_csr(weight, columns, valid), degree)


def _row_order(ends: Tensor) -> Tensor:
    """Order both halves of the disc and its middle row-major, (2 P + 1,)."""
    both = torch.cat([-ends, ends.new_zeros(1, 2), ends])
    stride = 2 * int(both.abs().max()) + 1
    return (both[:, 0] * stride + both[:, 1]).argsort()


def _to_csr(weight: Tensor, columns: Tensor, valid: Tensor) -> Tensor:
    """Pack the valid entries of (2 P + 1, M) stencils into a CSR matrix."""
    size = weight.shape[1]
    # Entries are counted pixel by pixel: transposed, rows are contiguous.
    last = valid.sum(0).cumsum(0)
    starts = torch.cat([last.new_zeros(1), last])
    chosen = valid.T.flatten().nonzero()[:, 0]
    with warnings.catch_warnings():
        # In beta: products with dense matrices are all that is used of it.
        warnings.filterwarnings('ignore', message='Sparse CSR tensor support')
        return torch.sparse_csr_tensor(
            starts.int(),
            columns.T.flatten().index_select(0, chosen),
            weight.T.flatten().index_select(0, chosen),
            size=(size, size),
            check_invariants=False,
        )


def _inside(ends: Tensor, height: int, width: int) -> Tensor:
    """Mark the pixels from which an offset stays in the map, (P, M)."""
    y = torch.arange(height, device=ends.device) + ends[:, :1]
    x = torch.arange(width, device=ends.device) + ends[:, 1:]
    rows = (y >= 0) & (y < height)
    columns = (x >= 0) & (x < width)
    return (rows[:, :, None] & columns[:, None]).flatten(1)


def check_unit_range(values: Tensor, name: str) -> None:
    """Refuse a tensor with values outside [0, 1], or NaN."""
    if not values.numel():
        return
    low, high = torch.stack(values.aminmax()).tolist()
    require(low >= 0 and high <= 1, name, (low, high), 'within [0, 1]')
