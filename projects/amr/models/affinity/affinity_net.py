"""AffinityNet: affinities of features learned from seeds, arXiv:1803.10464."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.affinity.base_affinity_network import (
    BaseAffinityNetwork,
)
from projects.amr.ops import resize_cam
from projects.amr.ops.cam import share_peak
from projects.amr.ops.feature_affinity import feature_affinity
from projects.amr.ops.random_walk import walk_with_affinity
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    class_to_label,
)


@MODELS.register_module()
class AffinityNet(BaseAffinityNetwork):
    """Pixels with like features are alike; the whole network is trained.

    Losses: ``loss_aff_pos_bg``, ``loss_aff_pos_fg`` and ``loss_aff_neg``;
    their sum is the total, weights folded in.

    Testing: the background is a map of its own, ``(1 - max)^alpha`` of the
    CAM at image size; it walks with the others, and ``pred_sem_seg`` is the
    largest of all. ``pred_cam`` holds the walked maps of the classes only,
    divided by their common maximum, so that thresholds can be compared with
    the rule.

    Released code: pads images and CAMs with zeros to multiples of 8.
    Here: cells at the border average the pixels that they have.

    Args:
        backbone (dict): Config of the encoder.
        head (dict): Config of the feature branch.
        radius (int): Pairs nearer than this are trained on and linked in
            the walk, in feature pixels. Defaults to 5.
        stride (int): Output stride of the network in pixels. Defaults to 8.
        test_cfg (dict, optional): ``bg_alpha``, exponent of the background
            (16); ``beta`` (8), ``exp_times`` (8, which is 256 steps) and
            ``solver`` ('auto') of :func:`walk_with_affinity`.
        **kwargs: See :class:`BaseAffinityNetwork`.

    Raises:
        ValueError: In use, if ``stride`` is not the network's.
    """

    default_test_cfg: ClassVar[dict[str, Any]] = {
        'bg_alpha': 16.0,
        'beta': 8.0,
        'exp_times': 8,
        'solver': 'auto',
    }

    def __init__(
        self,
        backbone: dict,
        head: dict,
        radius: int = 5,
        stride: int = 8,
        test_cfg: dict | None = None,
        **kwargs,
    ):
        super().__init__(backbone, radius, test_cfg=test_cfg, **kwargs)
        self.head = MODELS.build(head)
        self.stride = stride

    def run_heads(self, inputs: Tensor) -> Tensor:
        """Features (N, C, h, w)."""
        return self.head(self.backbone(inputs))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses of images (N, 3, H, W)."""
        features = self.run_heads(inputs)
        labels = self.pair_labels(data_samples, features)
        affinity = feature_affinity(features.float(), self.radius)
        return self.loss_affinity(affinity, labels)

    def add_background(self, cam: Tensor) -> Tensor:
        """Put the background's map first: (K, H, W) -> (K + 1, H, W)."""
        best = cam.amax(0) if len(cam) else cam.new_zeros(cam.shape[1:])
        # The background walks as a map of its own.
        background = (1 - best) ** self.test_cfg['bg_alpha']
        return torch.cat([background[None], cam])

    def walk(self, image: Tensor, maps: Tensor) -> Tensor:
        """Walk maps (K, H, W) over an image; (K, h, w) comes back."""
        features = self.run_heads(image[None]).float()
        pooled = F.avg_pool2d(maps, self.stride, ceil_mode=True)
        if pooled.shape[-2:] != features.shape[-2:]:
            raise ValueError(
                f'`stride` {self.stride} makes maps of size '
                f'{tuple(pooled.shape[-2:])} of an image of size '
                f'{tuple(maps.shape[-2:])}, the features are of size '
                f'{tuple(features.shape[-2:])}'
            )
        return walk_with_affinity(
            pooled,
            feature_affinity(features, self.radius)[0],
            self.radius,
            beta=self.test_cfg['beta'],
            exp_times=self.test_cfg['exp_times'],
            solver=self.test_cfg['solver'],
        )

    def predict_one(self, image: Tensor, sample, in_parts: bool) -> dict:
        """Fields of one image (3, H, W), which is one view anyway."""
        if 'cam_input' not in sample:
            return {}
        size = tuple(image.shape[-2:])
        cam = self.input_cam(image, sample)
        small = self.bounded(image)
        cam = resize_cam(cam, tuple(small.shape[-2:]))
        walked = self.walk(small, self.add_background(cam))
        labels = [class_to_label(k) for k in sample.cam_input.classes]
        labels = torch.tensor([BACKGROUND_LABEL, *labels], device=image.device)
        winner = resize_cam(walked, size).argmax(0)
        # A Chebyshev expansion may leave a zero some 1e-7 below zero.
        maps = share_peak(resize_cam(walked[1:], size).clamp_min(0))
        return self.fields(sample, maps, labels[winner])
