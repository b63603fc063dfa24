"""Feature branch of AffinityNet (arXiv:1803.10464)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.checks import require


def released_init(last: str) -> dict:
    """He's normal start, Xavier's uniform one with gain 4 for a last layer."""
    return {
        'type': 'Kaiming',
        'layer': 'Conv2d',
        'mode': 'fan_in',
        'distribution': 'normal',
        'override': {
            'type': 'Xavier',
            'name': last,
            'gain': 4,
            'distribution': 'uniform',
        },
    }


@MODELS.register_module()
class AffinityHead(BaseModule):
    """Features whose differences are the affinities.

    Each level passes a 1x1 convolution and an ELU; concatenated they pass
    another of each.

    Args:
        in_channels (Sequence[int]): Channels of the levels. Defaults to
            those of Wide-ResNet38's conv4, conv5 and conv6.
        channels (Sequence[int]): Channels they are projected to. Defaults to
            (64, 128, 256).
        init_cfg (dict, optional): Initialisation. Defaults to the released
            one: He's for the levels, Xavier's with gain 4 for the last.

    Raises:
        ValueError: If the lists differ in length.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 1024, 4096),
        channels: Sequence[int] = (64, 128, 256),
        init_cfg: dict | list | None = None,
    ):
        super().__init__(init_cfg or released_init('last'))
        fits = len(channels) == len(in_channels)
        require(fits, 'channels', channels, f'as many as {in_channels}')
        self.levels = nn.ModuleList(
            nn.Conv2d(*widths, 1, bias=False)
            for widths in zip(in_channels, channels, strict=True)
        )
        width = sum(channels)
        self.last = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Features (N, C', h, w), above -1, of maps of one size."""
        levels = [
            F.elu(level(feature))
            for level, feature in zip(self.levels, features, strict=True)
        ]
        return F.elu(self.last(torch.cat(levels, 1)))
