"""Suppression of the most discriminative regions (DRS, AAAI 2021)."""

from torch import Tensor


def suppress_regions(x: Tensor, delta: Tensor | float) -> Tensor:
    r"""Rectify maps, and bound each by a share of its own maximum.

    .. math:: y = \min(\mathrm{relu}(x),\; \delta \max_{h, w} \mathrm{relu}(x))

    The bound carries a gradient to the maximum and to ``delta``.

    Args:
        x (Tensor): Shape (..., h, w), real.
        delta (Tensor | float): In [0, 1], broadcastable to (..., 1, 1).
    """
    x = x.relu()
    return x.minimum(delta * x.amax((-2, -1), keepdim=True))
