"""Attention modulation for backbones that know no plugins."""

from fnmatch import fnmatchcase

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class StageModulation(BaseModule):
    """Any backbone, with AMMs at chosen places.

    AMR's place is the residual branch of a block, before the addition
    (``branches``): the shortcut then carries the features on, whatever the
    gates do. At the end of a stage (``stages``) all features pass the gates,
    each of which halves them at first; several stages in a row hardly learn.

    The module becomes a child named ``amm`` of the part whose output it
    modulates, so that the keys of pretrained weights stay as they are.
    Without branches and stages the backbone is left as it is, which is the
    control "two networks".

    Args:
        backbone (dict): Config of the backbone, ``init_cfg`` and all.
        branches (dict[str, int], optional): Pattern of the submodules that
            end a residual branch (dotted, as in ``named_modules``, with
            ``*`` and ``[1-9]``) -> their output channels, as
            ``{'layer1.*.bn3': 256}``. Defaults to None.
        stages (dict[str, int], optional): Name of a stage's submodule -> its
            output channels. The empty name is the backbone itself: its last
            feature map is modulated, which also suits transformers, whose
            stages pass tokens. Defaults to None.
        amm (dict, optional): Config of the modulation without
            ``in_channels``. Defaults to dict(type='AttentionModulation').
        init_cfg (dict, optional): Of this wrapper. Defaults to None.

    Raises:
        ValueError: If a name fits no submodule; the message lists those that
            there are.
    """

    def __init__(
        self,
        backbone: dict,
        branches: dict[str, int] | None = None,
        stages: dict[str, int] | None = None,
        amm: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.backbone = MODELS.build(backbone)
        amm = amm or {'type': 'mmseg.AttentionModulation'}
        places = {
            name: channels
            for pattern, channels in (branches or {}).items()
            for name in self._matching(pattern)
        }
        for name, channels in {**places, **(stages or {})}.items():
            module = MODELS.build({**amm, 'in_channels': channels})
            self._append(self._part(name), module)

    def _matching(self, pattern: str) -> list[str]:
        """Names of the submodules that fit a pattern."""
        names = [name for name, _ in self.backbone.named_modules()]
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(f'`branches` {pattern!r} fits no module: {names}')
        return found

    def _part(self, name: str) -> nn.Module:
        """The submodule of a stage's name."""
        try:
            return self.backbone.get_submodule(name)
        except AttributeError:
            known = [key for key, _ in self.backbone.named_children()]
            raise ValueError(
                f'`stages` names {name!r}, but the backbone has {known}'
            ) from None

    @staticmethod
    def _append(part: nn.Module, module: nn.Module) -> None:
        """Let a module modulate what a part returns."""
        part.add_module('amm', module)
        # A Sequential runs the added child by itself.
        if not isinstance(part, nn.Sequential):
            part.register_forward_hook(_modulate_output)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the backbone's feature maps."""
        return self.backbone(x)


def _modulate_output(part: nn.Module, _inputs, output):
    """Forward hook: modulate the features a part returns."""
    if isinstance(output, (tuple, list)):
        return type(output)([*output[:-1], part.amm(output[-1])])
    return part.amm(output)
