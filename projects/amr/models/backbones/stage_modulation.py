"""Attention modulation for backbones that know no plugins."""

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class StageModulation(BaseModule):
    """Any backbone, with an AMM at the end of chosen stages.

    The module becomes a child named ``amm`` of the stage, so that the keys
    of pretrained weights stay as they are. What follows the stage in the
    backbone sees the modulated features.

    Args:
        backbone (dict): Config of the backbone, ``init_cfg`` and all.
        stages (dict[str, int]): Name of the stage's submodule (dotted, as in
            ``named_modules``) -> its output channels. The empty name is the
            backbone itself: its last feature map is modulated, which also
            suits transformers, whose stages pass tokens.
        amm (dict, optional): Config of the modulation without
            ``in_channels``. Defaults to dict(type='AttentionModulation').
        init_cfg (dict, optional): Of this wrapper. Defaults to None.

    Raises:
        ValueError: If a stage is unknown; the message lists the stages.
    """

    def __init__(
        self,
        backbone: dict,
        stages: dict[str, int],
        amm: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.backbone = MODELS.build(backbone)
        amm = amm or {'type': 'mmseg.AttentionModulation'}
        for name, channels in stages.items():
            try:
                stage = self.backbone.get_submodule(name)
            except AttributeError:
                known = [key for key, _ in self.backbone.named_children()]
                raise ValueError(
                    f'`stages` names {name!r}, but the backbone has {known}'
                ) from None
            module = MODELS.build({**amm, 'in_channels': channels})
            stage.add_module('amm', module)
            # A Sequential runs the added child by itself.
            if not isinstance(stage, nn.Sequential):
                stage.register_forward_hook(_modulate_output)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the backbone's feature maps."""
        return self.backbone(x)


def _modulate_output(stage: nn.Module, _inputs, output):
    """Forward hook: modulate the features a stage returns."""
    if isinstance(output, (tuple, list)):
        return type(output)([*output[:-1], stage.amm(output[-1])])
    return stage.amm(output)
