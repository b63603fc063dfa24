"""Bottleneck ResNets that also return their stem."""

from typing import ClassVar

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.backbones.shallow_resnet import ShallowResNet


@MODELS.register_module()
class ResNetWithStem(ResNet):
    """mmseg's ResNet, with the stem after its max-pooling as first output.

    Parameters have the names of mmseg's (and torchvision's) ResNet.

    Args:
        depth (int): A depth of :class:`mmseg.models.ResNet` or of
            :class:`ShallowResNet`.
        **kwargs: As in :class:`mmseg.models.ResNet`.
    """

    arch_settings: ClassVar[dict] = {
        **ResNet.arch_settings,
        **ShallowResNet.arch_settings,
    }

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the stem at stride 4, then the stages of ``out_indices``."""
        if self.deep_stem:
            x = self.stem(x)
        else:
            x = self.relu(self.norm1(self.conv1(x)))
        outputs = [self.maxpool(x)]
        x = outputs[0]
        for index, name in enumerate(self.res_layers):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)
