"""Time path maxima, forward and backward, beside the released index gather.

The gather is a plain implementation of the released way: for all paths of one
length, ``index_select`` every cell of every path, then take maxima. It is
given a padded map, so that both ways treat the same pairs, and its index
tables are made before the clock starts.

    python tools/benchmarks/benchmark_affinity.py --out affinity.json
"""

from itertools import groupby

import measuring
import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.path_index import half_disc_offsets, path_cells

WAYS = ('gather', 'ours')


def path_tables(
    size: int, radius: int, device: str
) -> tuple[list[Tensor], Tensor]:
    """Index tables (paths, cells, pixels), one per length, and their order."""
    reach = radius - 1
    line = size + 2 * reach
    y = torch.arange(size, device=device)[:, None]
    source = (y * line + torch.arange(size, device=device) + reach).flatten()
    paths = [path_cells(offset) for offset in half_disc_offsets(radius)]
    order = sorted(range(len(paths)), key=lambda p: len(paths[p]))
    tables = []
    for _, group in groupby(order, key=lambda p: len(paths[p])):
        cells = torch.tensor([paths[p] for p in group], device=device)
        tables.append((cells[..., 0] * line + cells[..., 1])[..., None])
    tables = [table + source for table in tables]
    return tables, torch.tensor(order, device=device).argsort()


def gathered_affinity(
    boundary: Tensor, radius: int, tables: list[Tensor], order: Tensor
) -> Tensor:
    """Affinities as the released code computes them."""
    reach = radius - 1
    flat = F.pad(boundary, (reach, reach, 0, reach), value=1.0).flatten(1)
    maxima = []
    for table in tables:
        values = flat.index_select(1, table.flatten())
        values = values.view(len(boundary), *table.shape)
        maxima.append(values.max(2).values)
    affinity = 1 - torch.cat(maxima, 1)[:, order]
    return affinity.view(len(boundary), -1, *boundary.shape[1:])


def run_case(way: str, size: int, options) -> dict:
    """Measure one way at one size; ``check`` is a digest of the gradient."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    radius, device = options.radius, options.device
    boundary = torch.rand(options.batch, size, size).to(device)
    boundary.requires_grad_()
    tables, order = [], None
    if way == 'gather':
        tables, order = path_tables(size, radius, device)
    num_pairs = len(half_disc_offsets(radius))
    weight = torch.rand(options.batch, num_pairs, size, size).to(device)

    def step() -> Tensor:
        boundary.grad = None
        if way == 'gather':
            affinity = gathered_affinity(boundary, radius, tables, order)
        else:
            affinity = pairwise_affinity(boundary, radius)
        affinity.backward(weight)
        return boundary.grad

    # A small map first: lazy set-up is no part of the measurement.
    small = torch.rand(1, 4, 4, device=device, requires_grad=True)
    pairwise_affinity(small, radius).sum().backward()
    result = measuring.measure(step, options)
    ramp = torch.linspace(0, 1, boundary.numel(), device=device)
    check = (step().flatten().double() * ramp).sum()
    return {**result, 'check': round(float(check), 1)}


def main() -> None:
    """Run all cases and report them."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        sizes=[32, 64, 96, 128, 192],
        batch=2,
        radius=10,
    )
    measuring.compare(run_case, WAYS, options)


if __name__ == '__main__':
    main()
