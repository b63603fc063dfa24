"""Pixel correlation module (PCM) of SEAM, arXiv:2004.04581.

Shape legend: N images of size (H, W), C maps, (h, w) feature size.
"""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.models.heads.affinity_head import released_init
from projects.amr.ops import resize_cam
from projects.amr.ops.checks import require
from projects.amr.ops.pixel_correlation import pixel_correlation
from projects.amr.ops.precision import full_precision


@MODELS.register_module()
class PixelCorrelation(BaseModule):
    """Refine maps by what positions look like.

    The image at feature size and projections of the backbone's first maps
    (1x1, ReLU) are joined and embedded by another 1x1 convolution; the maps
    are averaged over positions whose embeddings are alike
    (:func:`pixel_correlation`). Features are detached: the losses of the
    refined maps train these convolutions alone. No convolution has a bias.

    Released code: resizes the image with its corners aligned.
    Here: without, as everywhere in this project.

    Args:
        in_channels (Sequence[int]): Channels of the backbone's maps.
            Defaults to (512, 1024), conv4 and conv5 of Wide-ResNet38.
        channels (Sequence[int]): Of their projections. Defaults to (64,
            128); the embedding has their sum.
        init_cfg (dict, optional): Initialisation. Defaults to the released
            code's: He's normal one for the projections, Xavier's uniform one
            with gain 4 for the embedding.

    Raises:
        ValueError: If the sequences are not of one length.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 1024),
        channels: Sequence[int] = (64, 128),
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg or released_init('embedding'))
        fits = len(channels) == len(in_channels)
        require(fits, 'channels', channels, f'as many as {in_channels}')
        self.projections = nn.ModuleList(
            nn.Conv2d(source, target, 1, bias=False)
            for source, target in zip(in_channels, channels, strict=True)
        )
        total = sum(channels)
        self.embedding = nn.Conv2d(3 + total, total, 1, bias=False)

    def embed(
        self, inputs: Tensor, features: tuple[Tensor, ...], size
    ) -> Tensor:
        """Embed images and features: (N, D, *size)."""
        parts = [resize_cam(inputs, size)]
        for feature, projection in zip(
            features, self.projections, strict=False
        ):
            projected = projection(feature.detach()).relu()
            parts.append(resize_cam(projected, size))
        return self.embedding(torch.cat(parts, dim=1))

    def forward(
        self, cam: Tensor, inputs: Tensor, features: tuple[Tensor, ...]
    ) -> Tensor:
        """Refine maps (N, C, h, w) of images (N, 3, H, W)."""
        embedded = self.embed(inputs, features, tuple(cam.shape[-2:]))
        # Sums over thousands of positions are left in full precision.
        with full_precision(cam.device):
            return pixel_correlation(cam.float(), embedded.float())
