"""Wide-ResNet38 (arXiv:1611.10080) as AffinityNet and SEAM use it.

=====  ======  ====================  ======  ==========  =======
stage  blocks  channels              stride  dilation    dropout
=====  ======  ====================  ======  ==========  =======
stem   1 conv  3 -> 64               1       1
b2     3       64 -> 128             2       1
b3     3       128 -> 256            2       1
b4     6       256 -> 512            2       1
b5     3       512 -> 1024           1       1, then 2
b6     1       1024 -> 2048          1       4           0.3
b7     1       2048 -> 4096          1       4           0.5
=====  ======  ====================  ======  ==========  =======

Modules are named as in the released code of AffinityNet (jiwoon-ahn/psa,
network/resnet38d.py), so that its weights, and SEAM's, load as they are.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.models.backbones.wide_blocks import (
    WideBlock,
    WideBottleneck,
)
from projects.amr.ops.checks import require

NUM_BLOCKS = {'b2': 3, 'b3': 3, 'b4': 6, 'b5': 3, 'b6': 1, 'b7': 1}
STAGES = tuple(NUM_BLOCKS)
CHANNELS = (128, 256, 512, 1024, 2048, 4096)


@MODELS.register_module()
class WideResNet38(BaseModule):
    """Pre-activation Wide-ResNet38.

    A stage's output is taken behind the BatchNorm and ReLU that follow it
    (those of the next stage's first block, or the final ones): 128, 256,
    512, 1024, 2048 and 4096 channels. AffinityNet's and SEAM's conv4, conv5
    and conv6 are the stages 2, 3 and 5.

    Args:
        out_indices (Sequence[int]): Stages to return, 0 (b2) to 5 (b7).
            Defaults to (5,).
        strides (tuple[int, int, int]): Of b2, b3 and b4, 1 or 2. Defaults to
            (2, 2, 2), output stride 8.
        dilations (tuple[int, int]): Of b5 and of b6 and b7, at least 1. They
            are lengths on the map, 4 being 7 % of the 56 positions of a 448
            px image: small images want less. Defaults to (2, 4).
        width_divisor (int): All channel counts are divided by this; 1 to 64,
            a power of two. Defaults to 1.
        dropout (tuple[float, float]): Share of channels dropped in b6 and in
            b7, in [0, 1). Defaults to (0.3, 0.5).
        frozen_stages (int): The stem and the first ``frozen_stages`` stages
            are not trained; -1 freezes nothing, 0 the stem. AffinityNet: 1.
            Defaults to -1.
        norm_eval (bool): Whether BatchNorm is fixed, running statistics and
            affine parameters alike, as in AffinityNet and SEAM. (mmseg's
            ResNets fix the statistics only.) Defaults to True.
        zero_init_residual (bool): Whether the last convolution of each block
            starts at 0, so that an untrained network is one of shortcuts (in
            mmseg's ResNets a BatchNorm does; here the one behind a block is
            the next block's). Without it an untrained, thin network hardly
            learns; loaded weights replace it. Defaults to False.
        init_cfg (dict, optional): Initialisation. Defaults to He's normal
            one.

    Raises:
        ValueError: If a stage or the divisor is out of range.

    Example:
        >>> import torch
        >>> net = WideResNet38((2, 3, 5), width_divisor=64)
        >>> [tuple(y.shape[1:]) for y in net(torch.zeros(1, 3, 17, 40))]
        [(8, 3, 5), (16, 3, 5), (64, 3, 5)]
    """

    def __init__(
        self,
        out_indices: Sequence[int] = (5,),
        strides: tuple[int, int, int] = (2, 2, 2),
        dilations: tuple[int, int] = (2, 4),
        width_divisor: int = 1,
        dropout: tuple[float, float] = (0.3, 0.5),
        frozen_stages: int = -1,
        norm_eval: bool = True,
        zero_init_residual: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(
            init_cfg
            or {'type': 'Kaiming', 'layer': 'Conv2d', 'distribution': 'normal'}
        )
        self._check(
            out_indices, strides, dilations, width_divisor, frozen_stages
        )
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        stem = 64 // width_divisor
        b2, b3, b4, b5, b6, b7 = (c // width_divisor for c in CHANNELS)
        self.conv1a = nn.Conv2d(3, stem, 3, padding=1, bias=False)
        self._add_stage('b2', stem, b2, b2, strides[0])
        self._add_stage('b3', b2, b3, b3, strides[1])
        self._add_stage('b4', b3, b4, b4, strides[2])
        self._add_stage('b5', b4, b4, b5, 1, dilation=dilations[0])
        self.b6 = WideBottleneck(b5, b6, dilations[1], dropout[0])
        self.b7 = WideBottleneck(b6, b7, dilations[1], dropout[1])
        self.bn7 = nn.BatchNorm2d(b7)
        if zero_init_residual:
            self._start_with_shortcuts()
        self._frozen = self._frozen_names()
        for name in self._frozen:
            self.get_submodule(name).requires_grad_(False)

    def _check(
        self, out_indices, strides, dilations, width_divisor, frozen_stages
    ):
        """Refuse what names no stage or leaves no whole channel."""
        count = len(STAGES)
        fits = out_indices and set(out_indices) <= set(range(count))
        require(fits, 'out_indices', out_indices, f'in [0, {count - 1}]')
        fits = len(strides) == 3 and set(strides) <= {1, 2}
        require(fits, 'strides', strides, 'three of 1 or 2')
        fits = len(dilations) == 2 and min(dilations) >= 1
        require(fits, 'dilations', dilations, 'two of at least 1')
        fits = width_divisor >= 1 and 64 % width_divisor == 0
        rule = 'a divisor of 64, the channels of the stem'
        require(fits, 'width_divisor', width_divisor, rule)
        fits = -1 <= frozen_stages <= count
        require(fits, 'frozen_stages', frozen_stages, f'in [-1, {count}]')

    def _start_with_shortcuts(self) -> None:
        """Let ``init_weights`` set the end of each residual branch to 0."""
        for block in self.modules():
            if isinstance(block, (WideBlock, WideBottleneck)):
                block.init_cfg = {
                    'type': 'Constant',
                    'val': 0,
                    'override': {'name': block.last},
                }

    def _add_stage(
        self, name, in_channels, mid, out_channels, stride, dilation=1
    ) -> None:
        """Add the blocks ``name``, ``name_1``, ... of a stage."""
        first = WideBlock(
            in_channels, mid, out_channels, stride, (1, dilation)
        )
        self.add_module(name, first)
        for number in range(1, NUM_BLOCKS[name]):
            block = WideBlock(
                out_channels, mid, out_channels, 1, (dilation, dilation)
            )
            self.add_module(f'{name}_{number}', block)

    def _blocks(self, stage: int) -> list[nn.Module]:
        """Blocks of a stage, in order."""
        name = STAGES[stage]
        names = [f'{name}_{i}' for i in range(1, NUM_BLOCKS[name])]
        return [getattr(self, each) for each in (name, *names)]

    def _activate(self, x: Tensor, stage: int) -> Tensor:
        """BatchNorm and ReLU behind a stage."""
        if stage == len(STAGES) - 1:
            return F.relu(self.bn7(x))
        return self._blocks(stage + 1)[0].activate(x)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps (N, C, h, w), at least 0, of ``out_indices``."""
        x, active = self.conv1a(x), None
        outputs = {}
        for stage in range(max(self.out_indices) + 1):
            for block in self._blocks(stage):
                x, active = block(x, active), None
            if stage in self.out_indices:
                active = outputs[stage] = self._activate(x, stage)
        return tuple(outputs[stage] for stage in self.out_indices)

    def _frozen_names(self) -> list[str]:
        """Names of the frozen stages and BatchNorms."""
        frozen = [self.conv1a] if self.frozen_stages >= 0 else []
        for stage in range(self.frozen_stages):
            frozen += self._blocks(stage)
        if self.frozen_stages == len(STAGES):
            frozen.append(self.bn7)
        return [
            name
            for name, module in self.named_modules()
            if module in frozen
            or (self.norm_eval and isinstance(module, nn.BatchNorm2d))
        ]

    def train(self, mode: bool = True) -> 'WideResNet38':
        """Set the mode, but for what is frozen."""
        super().train(mode)
        for name in self._frozen:
            self.get_submodule(name).eval()
        return self
