"""Class boundary branch of IRNet (arXiv:1904.05044)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.checks import require


@MODELS.register_module()
class BoundaryHead(BaseModule):
    """Boundary logits from all levels of a backbone.

    Each level is projected, enlarged to the first level's stride and
    rectified; a 1x1 convolution sums them up.

    Args:
        in_channels (Sequence[int]): Channels of the levels. Defaults to
            those of ResNet-50's stem and four stages.
        strides (Sequence[int]): Strides of the levels in pixels. Defaults to
            (4, 4, 8, 16, 16).
        channels (int): Channels a level is projected to. Defaults to 32.
        num_groups (int): Groups of the GroupNorms. Defaults to 4.
        init_cfg (dict, optional): Initialisation. Defaults to torch's own,
            as released.

    Raises:
        ValueError: If ``in_channels`` and ``strides`` differ in length, or a
            stride is no multiple of the first one.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        strides: Sequence[int] = (4, 4, 8, 16, 16),
        channels: int = 32,
        num_groups: int = 4,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        fits = len(in_channels) == len(strides)
        require(fits, 'in_channels', in_channels, f'as many as {strides}')
        self.stride = strides[0]
        fits = not any(stride % self.stride for stride in strides)
        require(fits, 'strides', strides, 'multiples of the first')
        self.levels = nn.ModuleList(
            _Tap(width, channels, num_groups, stride // self.stride)
            for width, stride in zip(in_channels, strides, strict=True)
        )
        self.classifier = nn.Conv2d(channels * len(in_channels), 1, 1)

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Boundary logits (N, 1, h, w) of maps, the finest first."""
        size = features[0].shape[-2:]
        levels = [
            level(feature, size)
            for level, feature in zip(self.levels, features, strict=True)
        ]
        return self.classifier(torch.cat(levels, 1))


class _Tap(nn.Module):
    """1x1 convolution, GroupNorm, enlargement by a factor, ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_groups: int,
        factor: int,
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
