"""Blocks of Wide-ResNet38, named as in its released weights."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class WideBlock(BaseModule):
    """Two 3x3 convolutions behind BatchNorm and ReLU, with a shortcut.

    A projecting shortcut starts behind the first BatchNorm and ReLU.

    Args:
        in_channels (int): Channels of the input.
        mid_channels (int): Channels between the convolutions.
        out_channels (int): Channels of the output.
        stride (int): Of the first convolution. Defaults to 1.
        dilations (tuple[int, int]): Of the two convolutions. Defaults to
            (1, 1).
    """

    last = 'conv_branch2b1'

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 1,
        dilations: tuple[int, int] = (1, 1),
    ):
        super().__init__()
        first, second = dilations
        self.bn_branch2a = nn.BatchNorm2d(in_channels)
        self.conv_branch2a = nn.Conv2d(
            in_channels, mid_channels, 3, stride, first, first, bias=False
        )
        self.bn_branch2b1 = nn.BatchNorm2d(mid_channels)
        self.conv_branch2b1 = nn.Conv2d(
            mid_channels, out_channels, 3, 1, second, second, bias=False
        )
        self.conv_branch1 = None
        if in_channels != out_channels or stride != 1:
            self.conv_branch1 = nn.Conv2d(
                in_channels, out_channels, 1, stride, bias=False
            )

    def activate(self, x: Tensor) -> Tensor:
        """First BatchNorm and ReLU; also what a stage before it returns."""
        return F.relu(self.bn_branch2a(x))

    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:
        """Map (N, C, h, w) to (N, C', h', w'), before any activation.

        ``active`` is ``activate(x)``, if it is known.
        """
        active = self.activate(x) if active is None else active
        shortcut = (
            x if self.conv_branch1 is None else self.conv_branch1(active)
        )
        out = self.conv_branch2a(active)
        out = self.conv_branch2b1(F.relu(self.bn_branch2b1(out)))
        return shortcut + out


class WideBottleneck(BaseModule):
    """1x1, dilated 3x3 and 1x1 convolution; channels C'/4, C'/2, C'.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels C' of the output.
        dilation (int): Of the 3x3 convolution.
        dropout (float): Share of channels dropped before the second and the
            third convolution, in [0, 1).
    """

    last = 'conv_branch2b2'

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dilation: int,
        dropout: float,
    ):
        super().__init__()
        quarter, half = out_channels // 4, out_channels // 2
        self.bn_branch2a = nn.BatchNorm2d(in_channels)
        self.conv_branch2a = nn.Conv2d(in_channels, quarter, 1, bias=False)
        self.bn_branch2b1 = nn.BatchNorm2d(quarter)
        self.dropout_2b1 = nn.Dropout2d(dropout)
        self.conv_branch2b1 = nn.Conv2d(
            quarter, half, 3, 1, dilation, dilation, bias=False
        )
        self.bn_branch2b2 = nn.BatchNorm2d(half)
        self.dropout_2b2 = nn.Dropout2d(dropout)
        self.conv_branch2b2 = nn.Conv2d(half, out_channels, 1, bias=False)
        self.conv_branch1 = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def activate(self, x: Tensor) -> Tensor:
        """First BatchNorm and ReLU; also what the stage before it returns."""
        return F.relu(self.bn_branch2a(x))

    def forward(self, x: Tensor, active: Tensor | None = None) -> Tensor:
        """Map (N, C, h, w) to (N, C', h, w), see :class:`WideBlock`."""
        active = self.activate(x) if active is None else active
        out = F.relu(self.bn_branch2b1(self.conv_branch2a(active)))
        out = self.conv_branch2b1(self.dropout_2b1(out))
        out = self.dropout_2b2(F.relu(self.bn_branch2b2(out)))
        return self.conv_branch1(active) + self.conv_branch2b2(out)
