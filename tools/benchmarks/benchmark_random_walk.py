"""Time the random walk beside the released dense way.

The dense way is a plain implementation of the released one: gather the paths,
fill an N x N float32 matrix, square it ``exp_times`` times, multiply. Above
``--dense-limit`` pixels it is not run; its time there is an estimate by the
power law through the measured sizes.

    python tools/benchmarks/benchmark_random_walk.py --out walk.json
"""

import measuring
import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.ops.path_index import half_disc_offsets, path_cells
from projects.amr.ops.random_walk import random_walk

OURS = ('sparse', 'chebyshev', 'auto')


def released_walk(
    cam: Tensor, boundary: Tensor, radius: int, beta: float, exp_times: int
) -> Tensor:
    """Walk with a dense matrix, as the released code does."""
    height, width = boundary.shape
    reach = radius - 1
    padded = F.pad(boundary[None], (reach, reach, 0, reach), value=1.0)[0]
    line = width + 2 * reach
    y = torch.arange(height, device=cam.device)[:, None]
    x = torch.arange(width, device=cam.device) + reach
    source = (y * line + x).flatten()
    number = torch.full((padded.numel(),), -1, device=cam.device)
    number[source] = torch.arange(height * width, device=cam.device)
    matrix = torch.eye(height * width, device=cam.device)
    for offset in half_disc_offsets(radius):
        cells = torch.tensor(path_cells(offset), device=cam.device)
        moves = (cells[:, 0] * line + cells[:, 1])[:, None]
        affinity = 1 - padded.flatten()[source + moves].amax(0)
        partner = number[source + offset[0] * line + offset[1]]
        inside = partner >= 0
        rows, columns = number[source][inside], partner[inside]
        matrix[rows, columns] = affinity[inside]
        matrix[columns, rows] = affinity[inside]
    matrix = matrix**beta
    matrix = matrix / matrix.sum(0, keepdim=True)
    for _ in range(exp_times):
        matrix = matrix @ matrix
    start = (cam * (1 - boundary)).flatten(1)
    return (start @ matrix).view_as(cam)


def make_inputs(size: tuple[int, int], options) -> tuple[Tensor, Tensor]:
    """Make smooth blobs for CAMs and thin lines for boundaries."""
    torch.manual_seed(0)
    noise = torch.rand(1, options.classes + 1, 6, 8)
    maps = F.interpolate(noise, size=size, mode='bicubic')[0].clamp(0, 1)
    cam, lines = maps[:-1] ** 3, torch.exp(-(((maps[-1] - 0.5) * 20) ** 2))
    return cam.to(options.device), (0.9 * lines).to(options.device)


def run_case(way: str, size: tuple[int, int], options) -> dict:
    """Measure one way at one size."""
    torch.set_num_threads(options.threads)
    cam, boundary = make_inputs(size, options)
    settings = dict(radius=options.radius, exp_times=options.exp_times)

    def walk() -> Tensor:
        if way == 'released':
            return released_walk(cam, boundary, beta=10.0, **settings)
        return random_walk(cam, boundary, solver=way, **settings)

    # One small walk first: lazy set-up is no part of the measurement.
    random_walk(cam[:, :9, :9], boundary[:9, :9], **settings)
    result = measuring.measure(walk, options)
    exact = random_walk(cam.double(), boundary, solver='sparse', **settings)
    error = (walk() - exact).abs().amax((1, 2)) / exact.amax((1, 2))
    return {**result, 'relative_error': float(error.max())}


def print_estimates(rows: list[dict]) -> None:
    """Say what the dense way would take where it was not run."""
    dense = [row for row in rows if row['way'] == 'released']
    if len(dense) < 2:
        return
    known = [[row[key] for row in dense] for key in ('pixels', 'seconds')]
    for row in rows:
        if row['way'] == 'auto' and 'speed_up' not in row:
            seconds = measuring.extrapolate(*known, row['pixels'])
            print(
                f'{row["size"]}: the released way would take {seconds:.0f} s '
                f'by the power law, {seconds / row["seconds"]:.0f} times ours'
            )


def main() -> None:
    """Run all cases and report them."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        sizes=['32x32', '48x48', '64x64', '94x125', '128x128', '256x256'],
        dense_limit=4096,
        classes=2,
        radius=5,
        exp_times=8,
    )
    rows = []
    for text in options.sizes:
        size = tuple(int(side) for side in text.split('x'))
        pixels = size[0] * size[1]
        ways = ('released', *OURS) if pixels <= options.dense_limit else OURS
        first = None
        for way in ways:
            got = measuring.isolated(run_case, way, size, options)
            first = got['seconds'] if way == 'released' else first
            row = {'way': way, 'size': text, 'pixels': pixels, **got}
            if first:
                row['speed_up'] = first / got['seconds']
            rows.append(row)
            print(f'{text} {way}: {got["seconds"]:.4f} s', flush=True)
    measuring.report(rows, options)
    print_estimates(rows)


if __name__ == '__main__':
    main()
