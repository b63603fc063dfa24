"""Bottleneck ResNets small enough to train on a CPU."""

from typing import ClassVar

from mmseg.models.backbones import ResNet
from mmseg.models.backbones.resnet import Bottleneck
from mmseg.registry import MODELS


@MODELS.register_module()
class ShallowResNet(ResNet):
    """mmseg's ResNet with one or two bottlenecks a stage.

    Args:
        depth (int): 14 (one block a stage) or 26 (two).
        **kwargs: As in :class:`mmseg.models.ResNet`; plugins work too.
    """

    arch_settings: ClassVar[dict] = {
        14: (Bottleneck, (1,) * 4),
        26: (Bottleneck, (2,) * 4),
    }
