"""Decode head of DeepLab-v2 (arXiv:1606.00915)."""

from collections.abc import Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.checks import require
from projects.amr.ops.precision import at_least_float32

_FOREIGN = (
    'act_cfg',
    'channels',
    'conv_cfg',
    'input_transform',
    'norm_cfg',
)


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    r"""Atrous spatial pyramid pooling straight to the classes.

    Parallel 3x3 convolutions with bias, one a dilation, whose outputs are
    summed, Section 3.2 of the paper in the form that its ResNet-101 has:

    .. math:: y = \sum_d \mathrm{conv}_{3 \times 3, d}(x)

    There is no hidden layer, so the inherited ``conv_seg`` is gone (it would
    be an unused parameter) and mmseg's settings of hidden layers are
    refused.

    Args:
        in_channels (int): Channels of the features.
        num_classes (int): Number of labels, background included.
        dilations (Sequence[int]): One convolution each, in feature pixels.
            Defaults to (6, 12, 18, 24), the paper's ASPP-L.
        dropout_ratio (float): Share of the feature channels dropped in
            training. Defaults to 0, as released for ResNet-101.
        init_cfg (dict, optional): Initialisation. Defaults to a normal
            distribution with deviation 0.01, biases 0.
        **kwargs: ``in_index``, ``out_channels``, ``threshold``,
            ``loss_decode``, ``ignore_index``, ``sampler`` and
            ``align_corners`` of mmseg's ``BaseDecodeHead``.

    Raises:
        ValueError: If ``dilations`` is empty or not positive, or a setting
            of hidden layers is given.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        dilations: Sequence[int] = (6, 12, 18, 24),
        dropout_ratio: float = 0.0,
        init_cfg: dict | list | None = None,
        **kwargs,
    ):
        foreign = [name for name in _FOREIGN if name in kwargs]
        if foreign:
            raise ValueError(
                f'DeepLabV2Head has no hidden layer: leave out {foreign}'
            )
        fits = dilations and min(dilations) >= 1
        require(fits, 'dilations', dilations, 'one or more positive integers')
        super().__init__(
            in_channels,
            in_channels,
            num_classes=num_classes,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg
            or {'type': 'Normal', 'layer': 'Conv2d', 'std': 0.01},
            **kwargs,
        )
        del self.conv_seg
        self.dilations = tuple(dilations)
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, self.out_channels, 3, padding=d, dilation=d)
            for d in self.dilations
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Logits (N, L, h, w) of the chosen feature map.

        They are at least float32, so that the softmax is in full precision.
        """
        features = self._transform_inputs(inputs)
        if self.dropout is not None:
            features = self.dropout(features)
        return sum(at_least_float32(conv(features)) for conv in self.convs)
