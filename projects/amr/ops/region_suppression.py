"""Suppression of the most discriminative regions (DRS, AAAI 2021)."""

from torch import Tensor


def suppress_regions(x: Tensor, delta: Tensor | float) -> Tensor:
    r"""Rectify maps, and bound each by a share of its own maximum.

    .. math:: y = \min(\mathrm{relu}(x),\; \delta \max_{h, w} \mathrm{relu}(x))

    The bound carries a gradient to the maximum and to ``delta``.

    Args:
        x (Tensor): Shape (..., h, w), real.
        delta (Tensor | float): In [0, 1], broadcastable to (..., 1, 1).

    Example:
        >>> import torch
        >>> suppress_regions(torch.tensor([[-1.0, 2.0, 8.0]]), 0.5)
        tensor([[0., 2., 4.]])
    """
    x = x.relu()
    return x.minimum(delta * x.amax((-2, -1), keepdim=True))
