"""IRNet: class boundaries learned from seeds, arXiv:1904.05044."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.affinity.base_affinity_network import (
    BaseAffinityNetwork,
)
from projects.amr.ops import cam_to_label, stride_size
from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.pseudo_label import walk_to_scores


@MODELS.register_module()
class IRNet(BaseAffinityNetwork):
    """A boundary branch on a frozen backbone.

    The backbone returns five levels, the stem first
    (:class:`ResNetWithStem`). IRNet does not train it: give it
    ``frozen_stages=4, norm_eval=True``.

    Losses: ``loss_aff_pos_bg``, ``loss_aff_pos_fg`` and ``loss_aff_neg``;
    their sum is the total, weights folded in.

    Predictions, besides those of :class:`BaseAffinityNetwork`:
    ``pred_boundary``, boundary probabilities (1, h, w) in [0, 1] at the
    backbone's finest stride, from the image and its mirror image, averaged
    before the sigmoid. The walk is for the metric alone, so only images with
    a mask get the others; ``tools/make_pseudo_labels.py`` walks them all.

    Paper: also has a displacement branch, which tells the objects of a class
    apart. Semantic masks do not use it, and it shares no trained weight with
    the boundary branch.
    Released code: pads images with zeros to 512 x 512, at the right and at
    the bottom, which the GroupNorms of the branches see, and cannot take
    larger ones (``pad_size=512``); see also ``enlarge_by``.
    Here: images of any size, as they are. On random weights boundaries differ
    by 0.03 in the mean at 375 x 500, by 0.09 on small images.

    Args:
        backbone (dict): Config of the encoder.
        boundary_head (dict): Config of the boundary branch.
        radius (int): Pairs nearer than this are trained on, in feature
            pixels. Defaults to 10.
        test_cfg (dict, optional): ``cam_power`` (1; AdvCAM's and AMR's
            released code: 1.5), ``radius`` (5), ``beta`` (10), ``exp_times``
            (8), ``solver`` ('auto') and ``enlarge_by`` (None; released
            code: 4) of
            :func:`walk_to_scores`; ``bg_thr``, the score of the background
            in the pseudo label (0.25); ``pad_size``, the side in pixels to
            which shorter ones are padded before the network (None; released
            code: 512).
        **kwargs: See :class:`BaseAffinityNetwork`.
    """

    default_test_cfg: ClassVar[dict[str, Any]] = {
        'cam_power': 1.0,
        'radius': 5,
        'beta': 10.0,
        'exp_times': 8,
        'solver': 'auto',
        'bg_thr': 0.25,
        'pad_size': None,
        'enlarge_by': None,
    }

    def __init__(
        self,
        backbone: dict,
        boundary_head: dict,
        radius: int = 10,
        test_cfg: dict | None = None,
        **kwargs,
    ):
        super().__init__(backbone, radius, test_cfg=test_cfg, **kwargs)
        self.boundary_head = MODELS.build(boundary_head)

    def run_heads(self, inputs: Tensor) -> Tensor:
        """Boundary logits (N, 1, h, w)."""
        return self.boundary_head(self.backbone(inputs))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training losses of images (N, 3, H, W)."""
        logits = self.run_heads(inputs)
        labels = self.pair_labels(data_samples, logits)
        affinity = pairwise_affinity(logits.float().sigmoid(), self.radius)
        return self.loss_affinity(affinity, labels)

    def predict_boundary(self, image: Tensor, in_parts=False) -> Tensor:
        """Boundary probabilities (h, w) of an image (3, H, W)."""
        size = stride_size(image.shape[-2:], self.boundary_head.stride)
        pair = torch.stack([image, image.flip(-1)])
        pair = pad_to(pair, self.test_cfg['pad_size'])
        plain, mirrored = torch.cat(
            [
                self.run_heads(views)[:, 0].float()
                for views in pair.split(1 if in_parts else 2)
            ]
        )
        plain, mirrored = (x[: size[0], : size[1]] for x in (plain, mirrored))
        # Logits are averaged, not probabilities: as released.
        return ((plain + mirrored.flip(-1)) / 2).sigmoid()

    def predict_one(self, image: Tensor, sample, in_parts: bool) -> dict:
        """Boundary of one image (3, H, W); labels where they can be scored."""
        boundary = self.predict_boundary(self.bounded(image), in_parts)
        found = {'pred_boundary': PixelData(data=boundary[None])}
        if 'cam_input' not in sample or 'gt_sem_seg' not in sample:
            return found
        size = tuple(image.shape[-2:])
        cam = self.input_cam(image, sample)
        maps = walk_to_scores(cam, boundary, size, **self.walk_settings())
        classes = torch.as_tensor(sample.cam_input.classes, dtype=torch.long)
        bg_thr = self.test_cfg['bg_thr']
        label = cam_to_label(maps, classes, size, bg_thr)
        return found | self.fields(sample, maps, label)

    def walk_settings(self) -> dict[str, Any]:
        """Those of ``test_cfg`` that :func:`walk_to_scores` takes."""
        own = ('bg_thr', 'max_pixels', 'pad_size')
        return {k: v for k, v in self.test_cfg.items() if k not in own}


def pad_to(images: Tensor, side: int | None) -> Tensor:
    """Pad images (N, 3, H, W) with zeros at the right and the bottom.

    Zero is the pixel mean; None pads nothing.
    """
    height, width = images.shape[-2:]
    right, below = (max((side or 0) - length, 0) for length in (width, height))
    return F.pad(images, (0, right, 0, below))
