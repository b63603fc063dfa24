"""Pairs of pixels, their paths and their random walk, by plain loops."""

from itertools import product

import torch

from projects.amr.ops.path_index import half_disc_offsets, path_cells


def pairs_inside(size, radius):
    """Yield offset index, source and partner of every pair inside a map."""
    height, width = size
    for p, (dy, dx) in enumerate(half_disc_offsets(radius)):
        columns = range(max(-dx, 0), width - max(dx, 0))
        for y, x in product(range(height - dy), columns):
            yield p, (y, x), (y + dy, x + dx)


def brute_path_max(boundary, radius):
    """Path maxima (P, H, W) of one map; 1 where a pair leaves it."""
    count = len(half_disc_offsets(radius))
    maxima = boundary.new_ones(count, *boundary.shape)
    for p, (y, x), (v, u) in pairs_inside(boundary.shape, radius):
        cells = path_cells((v - y, u - x))
        maxima[p, y, x] = max(boundary[y + a, x + b] for a, b in cells)
    return maxima


def dense_step(affinity, radius, beta):
    """Row-stochastic matrix (M, M), float64, and its degrees."""
    _, height, width = affinity.shape
    matrix = torch.eye(height * width, dtype=torch.float64)
    for p, (y, x), (v, u) in pairs_inside((height, width), radius):
        i, j = y * width + x, v * width + u
        matrix[i, j] = matrix[j, i] = float(affinity[p, y, x]) ** beta
    degree = matrix.sum(1)
    return matrix / degree[:, None], degree
