r"""Random walk of class activation maps over pixel affinities (IRNet).

.. math::
    T = A^{\circ\beta} D^{-1}, \qquad
    \mathrm{cam}' = \mathrm{cam} \; T^{n}, \quad n = 2^{\mathrm{exp\_times}}

Legend: K classes, maps of H x W feature pixels, M = H * W, P offsets of the
half disc as in ``path_index.py``; A holds the pair affinities in both
triangles and 1 on the diagonal, D the column sums of its elementwise power.

Released code (IRNet, arXiv:1904.05044): forms T as a dense (M, M) matrix and
squares it ``exp_times`` times.
Here: the same numbers from the sparse T; see ``walk_solvers.py``.
"""

import torch
from torch import Tensor

from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.checks import require
from projects.amr.ops.path_index import check_floats, check_radius
from projects.amr.ops.transition import check_unit_range, transition_matrix
from projects.amr.ops.walk_solvers import SOLVERS, walk_columns

MAX_EXP_TIMES = 30


def random_walk(
    cam: Tensor,
    boundary: Tensor,
    *,
    radius: int = 5,
    beta: float = 10.0,
    exp_times: int = 8,
    solver: str = 'auto',
) -> Tensor:
    """Spread maps over the pixels no class boundary parts them from.

    The maps are first multiplied with ``1 - boundary``, as released. A
    constant row then stays what it is: each step is an average.

    Args:
        cam (Tensor): Maps, finite, floating point, shape (K, H, W).
        boundary (Tensor): Boundary probabilities in [0, 1], shape (H, W).
        radius (int): Radius in feature pixels, at least 1; pairs nearer than
            this are linked. Defaults to 5.
        beta (float): Exponent of the affinities, positive. Defaults to 10.0.
        exp_times (int): The walk takes ``2 ** exp_times`` steps; 0 to 30.
            Defaults to 8.
        solver (str): ``'dense'``, ``'sparse'``, ``'chebyshev'``, or
            ``'auto'``, which takes the one with the least to do and needs
            O(H W radius^2) memory. Defaults to 'auto'.

    Returns:
        Tensor: Walked maps before any normalisation, shape (K, H, W);
        float64 for float64 maps, else float32.

    Raises:
        TypeError: If ``cam`` or ``boundary`` is not a floating point tensor.
        ValueError: If a shape, a range or the solver's name is wrong.

    Example:
        >>> cam = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
        >>> boundary = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
        >>> walked = random_walk(cam, boundary, radius=2)
        >>> (walked * 100).round().tolist()  # half each, none past the wall
        [[[50.0, 50.0, 0.0, 0.0]]]
    """
    check_radius(radius)
    _check_maps(boundary, 'boundary', ('H', 'W'))
    _check_maps(cam, 'cam', ('K', 'H', 'W'))
    _check_match(cam, boundary, 'boundary')
    check_unit_range(boundary, 'boundary')
    with torch.no_grad():
        # float64: 2 ** exp_times steps multiply rounding.
        exact = boundary.double()
        walked = walk_with_affinity(
            cam.double() * (1 - exact),
            pairwise_affinity(exact, radius),
            radius,
            beta=beta,
            exp_times=exp_times,
            solver=solver,
        )
    return walked.to(_result_dtype(cam))


@torch.no_grad()
def walk_with_affinity(
    cam: Tensor,
    affinity: Tensor,
    radius: int,
    *,
    beta: float = 10.0,
    exp_times: int = 8,
    solver: str = 'auto',
) -> Tensor:
    """Spread maps with affinities of any origin, such as AffinityNet's.

    Those of the half disc of ``radius``, (P, H, W) in [0, 1], are ordered as
    by :func:`~projects.amr.ops.affinity.pairwise_affinity`; pairs leaving the
    map are never used. AffinityNet takes a ``beta`` of 8. The rest, and the
    result, are as of :func:`random_walk`.

    Raises:
        TypeError: If ``cam`` or ``affinity`` is not a floating point tensor.
        ValueError: If a shape, a range or the solver's name is wrong.

    Example:
        >>> cam = torch.tensor([[[4.0, 0.0]]])
        >>> walk_with_affinity(cam, torch.ones(4, 1, 2), radius=2).tolist()
        [[[2.0, 2.0]]]
    """
    _check_maps(cam, 'cam', ('K', 'H', 'W'))
    _check_maps(affinity, 'affinity', ('P', 'H', 'W'))
    check_walk(radius=radius, exp_times=exp_times, solver=solver, beta=beta)
    _check_match(cam, affinity, 'affinity')
    if not cam.isfinite().all():
        raise ValueError('`cam` must be finite, got NaN or infinity')
    step = transition_matrix(affinity, radius, beta)
    if not len(cam):
        return cam.to(_result_dtype(cam))
    # Columns: sparse products are fastest with maps side by side.
    start = cam.flatten(1).double().T.contiguous()  # (M, K)
    walked = walk_columns(start, step, exp_times, solver=solver)
    return walked.T.reshape(cam.shape).to(_result_dtype(cam))


def check_walk(
    *,
    radius: int = 5,
    beta: float = 10.0,
    exp_times: int = 8,
    solver: str = 'auto',
) -> None:
    """Refuse settings of :func:`random_walk` without walking."""
    check_radius(radius)
    whole = isinstance(exp_times, int) and not isinstance(exp_times, bool)
    fits = whole and 0 <= exp_times <= MAX_EXP_TIMES
    rule = f'an int from 0 to {MAX_EXP_TIMES} (the walk takes 2 to its power)'
    require(fits, 'exp_times', exp_times, rule)
    require(solver in SOLVERS, 'solver', solver, f'one of {SOLVERS}')
    require(0 < beta < float('inf'), 'beta', beta, 'positive and finite')


def _check_maps(maps: Tensor, name: str, axes: tuple[str, ...]) -> None:
    """Refuse what is no floating point tensor of these axes."""
    check_floats(maps, name)
    fits = maps.ndim == len(axes) and 0 not in maps.shape[-2:]
    rule = f'of shape ({", ".join(axes)}) with at least one pixel'
    require(fits, name, tuple(maps.shape), rule)


def _check_match(cam: Tensor, other: Tensor, name: str) -> None:
    """Refuse maps of another size or on another device than the CAM."""
    same = cam.shape[-2:] == other.shape[-2:] and cam.device == other.device
    if not same:
        raise ValueError(
            f'`cam` and `{name}` must have the same height, width and device,'
            f' got {tuple(cam.shape)} on {cam.device} and '
            f'{tuple(other.shape)} on {other.device}'
        )


def _result_dtype(cam: Tensor) -> torch.dtype:
    """Keep float64, answer in float32 otherwise."""
    return torch.promote_types(cam.dtype, torch.float32)
