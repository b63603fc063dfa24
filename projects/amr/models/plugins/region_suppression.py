"""Discriminative region suppression of DRS (AAAI 2021)."""

from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.checks import require
from projects.amr.runtime.checkpoints.checkpoint import StartsFromScratch


def suppress_regions(x: Tensor, delta: Tensor | float) -> Tensor:
    r"""Rectify maps, and bound each by a share of its own maximum.

    .. math:: y = \min(\mathrm{relu}(x),\; \delta \max_{h, w} \mathrm{relu}(x))

    Of maps (..., h, w) and a share in [0, 1], broadcastable to (..., 1, 1).
    The bound carries a gradient to the maximum and to ``delta``.
    """
    x = x.relu()
    return x.minimum(delta * x.amax((-2, -1), keepdim=True))


@MODELS.register_module()
class RegionSuppression(StartsFromScratch, nn.Module):
    """Cut the peaks of feature maps, so that less obvious parts count.

    The layer takes the place of a ReLU: what exceeds ``delta`` times a map's
    maximum is set to that bound, see :func:`suppress_regions`. With
    :class:`StageModulation` it stands where AMR's AMM stands.

    Released code: a VGG-16, whose every ReLU is replaced, with learned
    deltas. On other backbones the places are a guess.

    Args:
        in_channels (int): Channels C of the features.
        delta (float, optional): Fixed share of the maximum, in (0, 1]. None
            learns one per channel and image, the sigmoid of a linear layer
            (C -> C, no bias) on the average-pooled features. Defaults to
            None.

    Raises:
        ValueError: If ``delta`` is outside (0, 1].
    """

    _abbr_ = 'drs'

    def __init__(self, in_channels: int, delta: float | None = None):
        super().__init__()
        fits = delta is None or 0 < delta <= 1
        require(fits, 'delta', delta, 'within (0, 1]')
        self.delta = delta
        if delta is None:
            self.controller = nn.Linear(in_channels, in_channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Suppress features (N, C, h, w); the result is non-negative."""
        if self.delta is not None:
            return suppress_regions(x, self.delta)
        pooled = x.relu().mean((-2, -1))  # before the cut
        return suppress_regions(
            x, self.controller(pooled).sigmoid()[..., None, None]
        )

    def extra_repr(self) -> str:
        """Name the option, for whoever compares layers."""
        return f'delta={self.delta}'
