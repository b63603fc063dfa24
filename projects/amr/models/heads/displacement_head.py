"""Displacement branch of IRNet (arXiv:1904.05044)."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.models.heads.tap_projection import (
    TapProjection,
    stride_factors,
)


@MODELS.register_module()
class DisplacementHead(BaseModule):
    """Vectors from each pixel to the centroid of its object.

    The last three levels meet at the third one's stride, are merged and
    enlarged, and join the first two. Only differences of vectors are
    trained; their mean is measured after the training
    (:class:`DisplacementMeanHook`) and taken off in eval mode.

    Not needed for semantic masks, only to tell the objects of a class
    apart.

    Args:
        in_channels (Sequence[int]): Channels of the five levels. Defaults to
            those of ResNet-50's stem and four stages.
        strides (Sequence[int]): Their strides in pixels. Defaults to
            (4, 4, 8, 16, 16).
        channels (Sequence[int]): Channels the levels are projected to; the
            last is that of the merged level too. Defaults to
            (64, 128, 256, 256, 256).
        num_groups (Sequence[int]): Groups of the levels' GroupNorms.
            Defaults to (8, 16, 16, 16, 16).
        init_cfg (dict, optional): Initialisation. Defaults to torch's own,
            as released.

    Raises:
        ValueError: If a list has not five entries, or the strides do not
            divide each other.
    """

    mean_displacement: Tensor

    def __init__(
        self,
        in_channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        strides: Sequence[int] = (4, 4, 8, 16, 16),
        channels: Sequence[int] = (64, 128, 256, 256, 256),
        num_groups: Sequence[int] = (8, 16, 16, 16, 16),
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        for name, value in (
            ('in_channels', in_channels),
            ('strides', strides),
            ('channels', channels),
            ('num_groups', num_groups),
        ):
            if len(value) != 5:
                raise ValueError(
                    f'`{name}` must have five entries, got {tuple(value)}'
                )
        factors = [
            *stride_factors(strides[:2], strides[0]),
            *stride_factors(strides[2:], strides[2]),
        ]
        self.levels = nn.ModuleList(
            TapProjection(*settings)
            for settings in zip(
                in_channels, channels, num_groups, factors, strict=True
            )
        )
        width, groups = channels[-1], num_groups[-1]
        (factor,) = stride_factors(strides[2:3], strides[0])
        self.merge = TapProjection(sum(channels[2:]), width, groups, factor)
        self.join = TapProjection(sum(channels[:2]) + width, width, groups)
        self.regressor = nn.Conv2d(width, 2, 1, bias=False)
        self.register_buffer('mean_displacement', torch.zeros(2))

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Return the displacement field.

        Args:
            features (tuple[Tensor]): Five maps (N, C, h, w), finest first.

        Returns:
            Tensor: ``(dy, dx)`` in feature pixels, shape (N, 2, h, w) of the
            first map.
        """
        fine, coarse = features[0].shape[-2:], features[2].shape[-2:]
        sizes = (fine, fine, coarse, coarse, coarse)
        levels = [
            level(feature, size)
            for level, feature, size in zip(
                self.levels, features, sizes, strict=True
            )
        ]
        merged = self.merge(torch.cat(levels[2:], 1), fine)
        joined = self.join(torch.cat([*levels[:2], merged], 1), fine)
        field = self.regressor(joined)
        if self.training:
            return field
        return field - self.mean_displacement[:, None, None]
