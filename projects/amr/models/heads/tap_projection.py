"""A feature map brought to the channels and the stride of another."""

import torch.nn.functional as F
from torch import Tensor, nn


class TapProjection(nn.Module):
    """1x1 convolution, GroupNorm, enlargement, ReLU, in this order.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        num_groups (int): Groups of the GroupNorm; divides ``out_channels``.
        factor (int): Enlargement in height and width, at least 1. Defaults
            to 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_groups: int,
        factor: int = 1,
    ):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm = nn.GroupNorm(num_groups, out_channels)
        self.factor = factor

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Project a map and enlarge it to (N, C', *size), at least 0.

        ``size`` is at most ``factor`` times (h, w): a map of twice the stride
        has its number of pixels rounded up.
        """
        x = self.norm(self.conv(x))
        if self.factor > 1:
            x = F.interpolate(
                x,
                scale_factor=self.factor,
                mode='bilinear',
                align_corners=False,
            )
        return F.relu(x[..., : size[0], : size[1]])


def stride_factors(strides, target: int) -> list[int]:
    """Enlargements that bring maps to a finer stride.

    Raises:
        ValueError: If a stride is no multiple of the target.

    Example:
        >>> stride_factors((4, 4, 8, 16), 4)
        [1, 1, 2, 4]
    """
    if any(stride % target for stride in strides):
        raise ValueError(
            f'`strides` must be multiples of {target}, got {tuple(strides)}'
        )
    return [stride // target for stride in strides]
