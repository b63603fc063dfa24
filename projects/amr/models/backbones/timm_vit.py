"""Vision transformer by timm, whose class tokens can be read."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.ops.checks import require
from projects.amr.runtime.config.optional_packages import import_optional

_PLAIN = ('vision_transformer', 'deit')
"""timm's modules of transformers without windows and stages."""


@dataclass
class Tokens:
    """Tokens and attention of a vision transformer for N images.

    Args:
        patches (Tensor): Behind the last norm, shape (N, C, h, w).
        classes (Tensor): Class tokens there, shape (N, S, C).
        block_classes (tuple[Tensor, ...]): Class tokens behind each block,
            before the norm, shape (N, S, C).
    """

    patches: Tensor
    classes: Tensor
    block_classes: tuple[Tensor, ...]


@MODELS.register_module()
class TimmViT(BaseModule):
    """Plain vision transformer of timm, as a backbone.

    Takes images of any size: one that the patch size P does not divide is
    stretched to the next multiple (as CLIP-ES), and position embeddings are
    interpolated. As ``init_cfg`` it takes files of timm, DeiT, OpenAI's CLIP
    and OpenCLIP alike.

    Args:
        arch (str): timm's name, such as ``'deit_small_patch16_224'``.
        num_class_tokens (int): S. With more than one, files that have one
            class token give it and its position to all (MCTformer's
            released script). Defaults to 1.
        projection (int): Size E of CLIP's image embedding; 0 has no
            projection. Defaults to 0.
        options (dict, optional): Further arguments of timm's
            ``create_model``. Defaults to None.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        MissingDependencyError: If timm is not installed.
        ValueError: If a number is out of range or the network is another.
    """

    def __init__(
        self,
        arch: str,
        num_class_tokens: int = 1,
        projection: int = 0,
        options: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        count = num_class_tokens
        require(count >= 1, 'num_class_tokens', count, 'at least 1')
        require(projection >= 0, 'projection', projection, 'at least 0')
        options = {'dynamic_img_size': True, **(options or {})}
        if count > 1:
            # timm's registers: learned tokens with positions of their own.
            options.update(class_token=False, reg_tokens=count, global_pool='')
        self.projection = projection
        self.vit = _create_network(arch, num_classes=projection, **options)
        self.patch_size = tuple(self.vit.patch_embed.patch_size)

    def init_weights(self) -> None:
        """Initialise; random class tokens have a deviation of 0.02."""
        super().init_weights()
        if not self.init_cfg and self.vit.reg_token is not None:
            torch.nn.init.trunc_normal_(self.vit.reg_token, std=0.02)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Patch tokens (N, C, h, w) of images (N, 3, H, W), in a tuple."""
        return (self.tokens(images).patches,)

    def tokens(self, images: Tensor) -> Tokens:
        """Tokens of images (N, 3, H, W) of any size."""
        images = self._stretched(images)
        last, blocks = self.vit.forward_intermediates(
            images, return_prefix_tokens=True, output_fmt='NLC'
        )
        first = self.vit.num_prefix_tokens
        size = [n // p for n, p in self._sides(images)]
        return Tokens(
            last[:, first:].transpose(1, 2).unflatten(2, size),
            last[:, :first],
            tuple(classes for _, classes in blocks),
        )

    def embedding(self, images: Tensor) -> Tensor:
        """CLIP's embeddings (N, E) of images (N, 3, H, W) of any size."""
        return self.vit(self._stretched(images))

    def grid_size(self, images: Tensor) -> tuple[int, int]:
        """Patches (h, w) of images (N, 3, H, W): rounded up."""
        height, width = (-(-n // p) for n, p in self._sides(images))
        return height, width

    def _sides(self, images: Tensor):
        """Side of the images and of the patches, vertical first."""
        return zip(images.shape[-2:], self.patch_size, strict=True)

    def _stretched(self, images: Tensor) -> Tensor:
        """Images whose sides are multiples of the patch size."""
        pairs = zip(self.grid_size(images), self.patch_size, strict=True)
        size = tuple(n * p for n, p in pairs)
        if size == tuple(images.shape[-2:]):
            return images
        return F.interpolate(
            images, size=size, mode='bilinear', align_corners=False
        )

    def fitted_state(self, state: dict) -> dict[str, Tensor]:
        """Weights of a file under the names and in the sizes of this network.

        Of a state dict of timm, DeiT, CLIP, or of this class: class tokens
        copied, positions interpolated, a head left out that is not here.
        """
        from timm.models.vision_transformer import checkpoint_filter_fn

        state = state.get('model', state)
        state = {key.removeprefix('vit.'): v for key, v in state.items()}
        if self.vit.cls_token is None and 'cls_token' in state:
            count = self.vit.num_prefix_tokens
            first, patches = state['pos_embed'][:, :1], state['pos_embed']
            state['reg_token'] = state.pop('cls_token').repeat(1, count, 1)
            state['pos_embed'] = torch.cat(
                [first.repeat(1, count, 1), patches[:, 1:]], 1
            )
        return {
            f'vit.{key}': value
            for key, value in checkpoint_filter_fn(state, self.vit).items()
            if self.projection or not key.startswith('head.')
        }


def _create_network(arch: str, **options):
    """Build timm's network, without weights."""
    timm = import_optional('timm')
    plain = timm.models.is_model_in_modules(arch, _PLAIN)
    rule = "a plain vision transformer of timm, as 'deit_small_patch16_224'"
    require(plain, 'arch', arch, rule)
    return timm.create_model(arch, **options)
