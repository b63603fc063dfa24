"""Time path maxima, forward and backward, beside the released index gather.

The gather is a plain implementation of the released way: for all paths of one
length, ``index_select`` every cell of every path, then take maxima. It is
given a padded map, so that both ways treat the same pairs, and its index
tables are made before the clock starts. A training step also takes the
logarithms and means of the loss, which cost both ways the same and more than
our maxima: "gather, loss" and "ours, loss" are the whole loss. The released
loader makes the masks of the pairs, so they are not in the gather's time; they
are in ours.

    python tools/benchmarks/benchmark_affinity.py --out affinity.json
"""

from itertools import groupby

import measuring
import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.models.losses.affinity_loss import affinity_loss
from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.affinity_labels import affinity_labels
from projects.amr.ops.path_index import half_disc_offsets, path_cells

WAYS = ('gather', 'ours')
LOSSES = ('gather, loss', 'ours, loss')


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


def released_loss(affinity: Tensor, masks: list[Tensor]) -> Tensor:
    """Sum of the weighted means, as the released code computes it."""
    alike = -torch.log(affinity + 1e-5)
    apart = -torch.log(1 + 1e-5 - affinity)
    costs = (alike, alike, apart)
    bg, fg, neg = (
        (mask * cost).sum() / (mask.sum() + 1e-5)
        for mask, cost in zip(masks, costs, strict=True)
    )
    return bg / 4 + fg / 4 + neg / 2


def our_loss(boundary: Tensor, seed: Tensor, radius: int) -> Tensor:
    """Path maxima by the operators of the project."""
    labels = affinity_labels(seed, radius)
    bg, fg, neg = affinity_loss(pairwise_affinity(boundary, radius), labels)
    return bg / 4 + fg / 4 + neg / 2


def make_seed(size: int, options) -> Tensor:
    """Seeds (N, size, size) in blocks: background, 3 classes, ignored."""
    kinds = torch.tensor([0, 1, 2, 3, 255])
    blocks = kinds[torch.randint(5, (options.batch, 1, 8, 8))].float()
    return F.interpolate(blocks, (size, size))[:, 0].long()


def run_case(way: str, size: int, options) -> dict:
    """Measure one way at one size; ``check`` is a digest of the gradient."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    radius, device = options.radius, options.device
    boundary = torch.rand(options.batch, size, size).to(device)
    boundary.requires_grad_()
    tables, order = [], None
    if 'gather' in way:
        tables, order = path_tables(size, radius, device)
    num_pairs = len(half_disc_offsets(radius))
    weight = torch.rand(options.batch, num_pairs, size, size).to(device)
    seed = make_seed(size, options).to(device)
    masks = [mask.float() for mask in affinity_labels(seed, radius)]

    def step() -> Tensor:
        boundary.grad = None
        if way == 'ours, loss':
            our_loss(boundary, seed, radius).backward()
            return boundary.grad
        if way == 'ours':
            affinity = pairwise_affinity(boundary, radius)
        else:
            affinity = gathered_affinity(boundary, radius, tables, order)
        if 'loss' in way:
            released_loss(affinity, masks).backward()
        else:
            affinity.backward(weight)
        return boundary.grad

    # A small map first: lazy set-up is no part of the measurement.
    small = torch.rand(1, 4, 4, device=device, requires_grad=True)
    pairwise_affinity(small, radius).sum().backward()
    result = measuring.measure(step, options)
    ramp = torch.linspace(0, 1, boundary.numel(), device=device)
    check = (step().flatten().double() * ramp).sum()
    return {**result, 'check': float(f'{check:.4g}')}


def main() -> None:
    """Run all cases and report them."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        sizes=[32, 64, 96, 128, 192],
        batch=2,
        radius=10,
    )
    rows = measuring.measured(run_case, WAYS, options)
    rows += measuring.measured(run_case, LOSSES, options)
    measuring.report(rows, options)


if __name__ == '__main__':
    main()
