"""Time the dense CRF: built-in lattice, pydensecrf2 and brute force.

"build" prepares the image's kernels, "infer" runs the mean field of
``--unaries`` unaries (two make a seed). Set OMP_NUM_THREADS=1 for one core.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import numpy as np

from projects.amr.ops import dense_crf

BRUTE_FORCE_LIMIT = 4000  # pixels; the kernel has as many rows and columns
LINE = (
    '{size:9} {labels:<4} {backend:13} {build_s:8.3f} {infer_s:8.3f} '
    '{max_dq:.1e}  {same_labels:.6f}'
)


class BruteForceKernel:
    """The exact kernel, (P, P), instead of the lattice."""

    def __init__(self, features: np.ndarray):
        features = features.astype(np.float32)
        square = (features**2).sum(1)
        energy = square[:, None] + square - 2 * features @ features.T
        self.values = np.exp(-0.5 * energy.clip(0))
        self.num_points = len(features)

    def filter(self, values: np.ndarray) -> np.ndarray:
        """Sum over all points."""
        return self.values @ values.astype(np.float32)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = ['47x63', '94x125', '188x250', '375x500', '750x1000']
    parser.add_argument('--sizes', nargs='+', default=sizes, metavar='HxW')
    parser.add_argument('--labels', nargs='+', type=int, default=[3, 21])
    parser.add_argument('--kernels', default='irn', help='of CRF_KERNELS')
    parser.add_argument('--unaries', type=int, default=1, help='at once')
    parser.add_argument('--num-iters', type=int, default=10)
    parser.add_argument('--repeats', type=int, default=3, help='best of')
    parser.add_argument('--out', type=Path, help='JSON file of the table')
    return parser.parse_args()


def make_case(height: int, width: int, num_labels: int, count: int) -> tuple:
    """Smooth image with texture and borders, and noisy unaries."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    labels = (rows * 5 // 1 * 5 + columns * 5 // 1).astype(int) % num_labels
    colour = rng.integers(0, 200, (num_labels, 3))[labels]
    image = colour + rng.normal(0, 8, (height, width, 3))
    image += 40 * np.sin(9 * rows + 5 * columns)[..., None]
    shape = (count, height, width)
    redrawn = rng.integers(0, num_labels, shape)
    noisy = np.where(rng.random(shape) < 0.2, redrawn, labels)
    unary = dense_crf.unary_from_labels(noisy, num_labels)
    return image.clip(0, 255).astype(np.uint8), unary


def measure(backend: str, case: tuple, args: argparse.Namespace) -> tuple:
    """Q of a backend, and its best build and infer times."""
    image, unary = case
    lattice = dense_crf.PermutohedralLattice
    if backend == 'brute force':
        dense_crf.PermutohedralLattice = BruteForceKernel
    times = []
    name = backend.replace('brute force', 'permutohedral')
    for _ in range(args.repeats):
        start = time.perf_counter()
        crf = dense_crf.DenseCRF(image, backend=name, kernels=args.kernels)
        crf.infer(unary, num_iters=0)  # pydensecrf builds at the first call
        built = time.perf_counter()
        marginals = crf.infer(unary, num_iters=args.num_iters)
        times.append((built - start, time.perf_counter() - built))
    dense_crf.PermutohedralLattice = lattice
    return marginals, *np.min(times, axis=0).tolist()


def run_size(size: str, num_labels: int, args: argparse.Namespace) -> list:
    """Rows of the table for one size: each backend against the lattice."""
    height, width = map(int, size.split('x'))
    case = make_case(height, width, num_labels, args.unaries)
    backends = sorted({'permutohedral', dense_crf.crf_backend()})
    if height * width <= BRUTE_FORCE_LIMIT:
        backends.append('brute force')
    rows, reference = [], None
    for backend in backends:
        row = {'size': size, 'labels': num_labels, 'backend': backend}
        own, row['build_s'], row['infer_s'] = measure(backend, case, args)
        reference = own if reference is None else reference
        row['max_dq'] = float(np.abs(own - reference).max())
        row['same_labels'] = (own.argmax(1) == reference.argmax(1)).mean()
        rows.append(row)
    return rows


def main() -> None:
    """Print the table, and write it on request."""
    args, table = parse_args(), []
    print('size      L    backend        build s  infer s max|dQ|  labels')
    for size in args.sizes:
        for num_labels in args.labels:
            rows = run_size(size, num_labels, args)
            print('\n'.join(LINE.format(**row) for row in rows))
            table += rows
    if args.out:
        args.out.write_text(json.dumps(table, indent=2) + '\n')


if __name__ == '__main__':
    main()
