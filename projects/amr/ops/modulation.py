r"""Modulation functions of the attention modulation module.

The functions redistribute attention values so that minor (middling) ones
are raised and the most and the least sensitive ones are suppressed
(Eq. 7-8 and Table 4 of AMR, arXiv:2112.08996).

Shape legend: N images, C channels, (H, W) positions; for channel attention
the values are (N, C, 1, 1), for spatial attention (N, 1, H, W).
"""

import math

import torch
from torch import Tensor

from projects.amr.ops.checks import require
from projects.amr.ops.precision import at_least_float32


def gaussian_modulation(
    x: Tensor,
    *,
    stats: str = 'sample',
    peak: bool = True,
    unbiased: bool = False,
    detach_stats: bool = False,
    eps: float = 1e-5,
) -> Tensor:
    r"""Map values onto a Gaussian bell around their own mean, Eq. 7-8.

    .. math::
        G(x) = \exp\left(-\frac{(x - \mu)^2}{2 \sigma^2}\right)

    with :math:`\mu, \sigma` over the values of one image. Values at the mean
    get 1, values far from it on either side get almost 0.

    Paper: "maps all activation values into a gaussian distribution", the
    statistics over the M values of the map.
    Released code: the density (peak 0.399 / sigma), statistics over the
    whole batch, unbiased, detached, no eps: ``stats='batch', peak=False,
    unbiased=True, detach_stats=True, eps=0``.
    Here: the bell with peak 1, so that the gate lies in [0, 1].

    Args:
        x (Tensor): Attention values, real, shape (N, ...).
        stats (str): ``'sample'``: mean and deviation of each image's own
            values; ``'batch'``: of the whole tensor. Defaults to 'sample'.
        peak (bool): Whether the maximum is 1; otherwise the values are
            densities, at most ``0.399 / sigma``. Defaults to True.
        unbiased (bool): Whether the variance is divided by M - 1 and not by
            M; a single value has variance 0 either way. Defaults to False.
        detach_stats (bool): Whether mean and deviation are constants for the
            gradient. Defaults to False.
        eps (float): Added to the variance, so that equal values do not
            divide by zero; with 0 (released code) they become nan. Defaults
            to 1e-5 (not in the paper).

    Returns:
        Tensor: Shape of ``x``, at least float32, in (0, 1] with ``peak``,
        else positive.

    Raises:
        ValueError: If ``stats`` is unknown or ``eps`` is negative.

    Example:
        >>> x = torch.tensor([[-1.0, 0.0, 1.0]])
        >>> [round(v, 3) for v in gaussian_modulation(x, eps=0)[0].tolist()]
        [0.472, 1.0, 0.472]
    """
    known = ('sample', 'batch')
    require(stats in known, 'stats', stats, f'one of {known}')
    require(eps >= 0, 'eps', eps, 'at least 0')
    x = at_least_float32(x)
    # Mean and deviation of Eq. 7-8.
    dims = tuple(range(0 if stats == 'batch' else 1, x.ndim))
    mean = x.mean(dims, keepdim=True)
    more = x.numel() > mean.numel()  # than one value
    variance = x.var(dims, unbiased=unbiased and more, keepdim=True) + eps
    if detach_stats:
        mean, variance = mean.detach(), variance.detach()
    # eps is in the variance already.
    bell = torch.exp(-((x - mean) ** 2) / (2 * variance))
    if peak:
        return bell
    # The density, as released.
    return bell / (2 * math.pi * variance).sqrt()


def threshold_modulation(x: Tensor, *, threshold: float = 0.0) -> Tensor:
    """Set values from a threshold on to 1 and the others to 0, Table 4.

    Paper: "modulates the activation to 1 when exceeding the threshold and
    sets to 0 when the activation is lower"; neither the threshold nor the
    gradient is stated, nor what becomes of a value that equals it.
    Here: such a value becomes 1. A residual branch that starts closed has
    values of exactly 0, and would be shut for ever.
    Here: the step's gradient is that of a sigmoid at the threshold
    (straight-through), since the step's own is 0 everywhere.

    Args:
        x (Tensor): Attention values, real, any shape.
        threshold (float): In the units of ``x``. Defaults to 0.0, the middle
            of the values at initialisation (not in the paper).

    Returns:
        Tensor: Like ``x``, values 0 and 1.

    Example:
        >>> threshold_modulation(torch.tensor([-0.1, 0.0, 0.1])).tolist()
        [0.0, 1.0, 1.0]
    """
    step = (x >= threshold).to(x.dtype)
    soft = torch.sigmoid(x - threshold)
    # Values of the step to the last bit, gradient of the sigmoid.
    return step + (soft - soft.detach())
