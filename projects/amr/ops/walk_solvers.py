"""Solvers of the random walk: many steps of a sparse transition matrix.

Legend: K classes, M pixels; maps are columns, (M, K), and a step is
``matrix @ maps`` with the row-stochastic matrix of ``transition.py``.

- ``dense``: as released; the reference, M ** 2 numbers.
- ``sparse``: n products with the sparse matrix.
- ``chebyshev``: T is similar to the symmetric ``D^-1/2 A D^-1/2``, whose
  eigenvalues lie in [-1, 1]. There ``x ** n`` is a sum of Chebyshev
  polynomials whose weights are the probabilities of the end points of n fair
  steps of 1 to the left or right, so those beyond a few ``sqrt(n)`` hardly
  count: about ``sqrt(n)`` products instead of n.

All is computed in float64, since the Chebyshev terms cancel.
"""

import math

import numpy as np
import torch
from torch import Tensor

from projects.amr.ops.transition import Transition

SOLVERS = ('auto', 'dense', 'sparse', 'chebyshev')
# 'auto' never holds a dense matrix of more pixels than this.
MAX_DENSE_PIXELS = 1024
# Largest error of the Chebyshev solver, as a share of the map's mean magnitude
# (weighted by degree); a walked map that is not negative has no lower maximum.
TOLERANCE = 1e-6


def walk_columns(
    start: Tensor,
    step: Transition,
    exp_times: int,
    *,
    solver: str = 'auto',
) -> Tensor:
    """Take ``2 ** exp_times`` steps with maps as columns (M, K), float64.

    ``solver`` is that of :func:`~projects.amr.ops.random_walk.random_walk`.
    """
    num_steps = 2**exp_times
    if solver in ('auto', 'chebyshev'):
        share = TOLERANCE / error_amplification(start, step.degree)
        weights = chebyshev_weights(num_steps, share)
        if solver == 'auto':
            solver = _cheapest(start.shape, step, exp_times, len(weights))
    if solver == 'dense':
        return _walk_dense(start, step, exp_times)
    if solver == 'sparse':
        return _walk_sparse(start, step, num_steps)
    return _walk_chebyshev(start, step, weights)


def _walk_dense(start: Tensor, step: Transition, exp_times: int) -> Tensor:
    """Square the dense matrix ``exp_times`` times, then apply it."""
    # T^(2^n) by n squarings.
    power = step.matrix.to_dense()
    for _ in range(exp_times):
        power = power @ power
    return power @ start


def _walk_sparse(start: Tensor, step: Transition, num_steps: int) -> Tensor:
    """Apply the sparse matrix once for each step."""
    for _ in range(num_steps):
        start = step.matrix @ start
    return start


def _walk_chebyshev(
    start: Tensor, step: Transition, weights: np.ndarray
) -> Tensor:
    """Sum weighted Chebyshev polynomials of the matrix.

    ``T_0 = 1, T_1 = x, T_{k+1} = 2 x T_k - T_{k-1}``; weights of the wrong
    parity are 0. The result is kept between the least and the largest value
    of each map, which the true one, being an average, never leaves.
    """
    earlier, current = start, start
    walked = weights[0] * start
    for k, weight in enumerate(weights[1:], start=1):
        if k == 1:
            earlier, current = start.clone(), step.matrix @ start
        else:
            torch.addmm(
                earlier, step.matrix, current, beta=-1, alpha=2, out=earlier
            )
            earlier, current = current, earlier
        if weight:
            walked.add_(current, alpha=float(weight))
    return walked.clamp_(start.amin(0), start.amax(0))


def error_amplification(start: Tensor, degree: Tensor) -> float:
    r"""Bound how a polynomial's error grows into an error of the maps.

    A polynomial off by at most :math:`\epsilon` on [-1, 1] moves the maps
    :math:`c` by at most :math:`\epsilon \|c\|_d` in the norm weighted by the
    degrees :math:`d`, in which the matrix is symmetric; so a pixel by at
    most :math:`\epsilon \|c\|_d / \sqrt{\min d}`. The walk keeps the mean
    :math:`\sum d c / \sum d`, which the maximum of the result cannot be
    below. The quotient is what :math:`\epsilon` must be divided by; it is
    larger for a map with a single active pixel than for a broad one.

    Example:
        >>> error_amplification(torch.ones(9, 1), torch.full((9,), 4.0))
        3.0
    """
    norm = (degree[:, None] * start**2).sum(0).sqrt()
    mean = (degree[:, None] * start.abs()).sum(0) / degree.sum()
    quotient = norm / (degree.min().sqrt() * mean)
    # An empty map has no error at all: 0 / 0.
    return max(1.0, float(quotient.nan_to_num(nan=1.0).max()))


def chebyshev_weights(num_steps: int, tolerance: float) -> np.ndarray:
    r"""Weights of the Chebyshev polynomials whose sum is close to a power.

    .. math::
        x^n = 2^{-n} \sum_{j=0}^{n} \binom{n}{j} T_{|n - 2j|}(x)

    Since :math:`|T_k| \le 1`, leaving out the terms above a degree costs at
    most their total weight. The last term kept gets that weight as well, so
    that the sum is exact at 1 and constant maps stay as they are; with it
    the error is at most twice the weight left out, and the degree is the
    smallest for which this is within ``tolerance``.

    Args:
        num_steps (int): The power n, at least 1.
        tolerance (float): Largest error on [-1, 1], positive; values below
            float64's resolution count as that.

    Returns:
        np.ndarray: Weights of T_0, T_1, ... up to the chosen degree,
        float64, sum 1.

    Example:
        >>> chebyshev_weights(2, 1e-6).tolist()  # x ** 2 = (1 + T_2) / 2
        [0.5, 0.0, 0.5]
        >>> len(chebyshev_weights(256, 1e-6)) - 1  # the degree
        80
    """
    tolerance = max(tolerance, np.finfo(np.float64).eps)
    # Hoeffding: beyond this degree lies less than a hundredth of the bound.
    highest = math.ceil(math.sqrt(2 * num_steps * math.log(400 / tolerance)))
    highest = min(highest, num_steps)
    degrees = np.arange(num_steps % 2, highest + 1, 2)
    # binom(n, j - 1) / binom(n, j) for n - 2 j = k is (n - k) / (n + k + 2).
    ratios = (num_steps - degrees[:-1]) / (num_steps + degrees[:-1] + 2)
    weights = np.cumprod(np.concatenate([[1.0], ratios]))
    # j and n - j give the same polynomial; T_0 occurs once.
    weights[degrees > 0] *= 2
    weights /= weights.sum()
    # Entry k: total weight of all terms after k.
    left_out = np.append(np.cumsum(weights[:0:-1])[::-1], 0.0)
    last = int(np.argmax(2 * left_out <= tolerance))
    weights[last] += left_out[last]
    spread = np.zeros(degrees[last] + 1)
    spread[degrees[: last + 1]] = weights[: last + 1]
    return spread


def _cheapest(
    shape: torch.Size, step: Transition, exp_times: int, num_terms: int
) -> str:
    """Name the solver with the fewest multiplications.

    A Chebyshev term also reads and adds whole maps, about a quarter of the
    product's cost for two classes at radius 5.
    """
    pixels, classes = shape
    # One product a step or a term, one multiplication a stored entry.
    products = min(2**exp_times, num_terms)
    sparse = products * step.matrix.values().numel() * classes
    # Squaring a matrix of M pixels takes M ** 3.
    dense = exp_times * pixels**3
    if pixels <= MAX_DENSE_PIXELS and dense <= sparse:
        return 'dense'
    return 'sparse' if 2**exp_times <= 1.25 * num_terms else 'chebyshev'
