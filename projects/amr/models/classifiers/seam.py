"""SEAM: self-supervised equivariant attention, arXiv:2004.04581.

Shape legend: N images of size (H, W), K foreground classes, (h, w) feature
size, (H', W') size of the small view.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.classifiers.base_cam_classifier import weak_labels
from projects.amr.models.classifiers.cam_classifier import CAMClassifier
from projects.amr.ops import normalize_cam, pool_logits, resize_cam
from projects.amr.ops.cam import stretch_cam
from projects.amr.ops.checks import require
from projects.amr.ops.pixel_correlation import add_background, keep_winner


class View(NamedTuple):
    """Maps of one view for the losses, all of size (H', W').

    Args:
        logits (Tensor): Shape (N, K), real.
        cam (Tensor): Stretched, labelled classes only, shape (N, K, H', W'),
            in [0, 1].
        refined (Tensor): The same behind pixel correlation, with the
            background before it, shape (N, 1 + K, H', W').
        scores (Tensor): Refined maps as they are, labelled classes only,
            shape (N, K, H', W'), in [0, 1].
    """

    logits: Tensor
    cam: Tensor
    refined: Tensor
    scores: Tensor


@MODELS.register_module()
class SEAM(CAMClassifier):
    """A CAM classifier taught by a smaller view of the same image.

    Image and small view pass the same weights, and their CAMs shall agree.
    Losses, all of weight 1 (a ``loss_weight`` of 0 leaves one out):

    - ``loss_cls``: classification, mean of both views;
    - ``loss_min``: adaptive minimum pooling of the refined maps, mean of
      both views (released code);
    - ``loss_er``: between both views' CAMs;
    - ``loss_ecr``: refined maps of one view against the CAM of the other,
      which is fixed, sum of both directions.

    The pixel correlation module refines the CAM without passing a gradient
    on, so ``loss_min`` and ``loss_ecr`` train that module alone.

    Map: ``cam``, the refined one. Scores are those of the plain CAM, which
    is also what :class:`AMR` compares in Eq. 11.

    Released code: compares maps that were resized to the image's size and
    from there to the small view's, corners aligned; adaptive minimum pooling
    is taken at the image's size for the image.
    Here: all maps go from the features' to the small view's size at once,
    corners not aligned. The classifier has no class for the background,
    whose weights the released losses never move.

    Args:
        backbone (dict): Config of the encoder; it returns the maps that
            ``pcm`` and ``head`` take.
        head (dict): Config of the CAM head.
        pcm (dict): Config of the pixel correlation module.
        loss_min (dict): Config of the loss.
        loss_er (dict): Likewise.
        loss_ecr (dict): Likewise.
        view_scale (float): Size of the small view, in (0, 1). Defaults to
            0.3.
        **kwargs: See :class:`CAMClassifier`.

    Raises:
        ValueError: If ``view_scale`` is not in (0, 1).
    """

    refines = True

    def __init__(
        self,
        backbone: dict,
        head: dict,
        pcm: dict,
        loss_min: dict,
        loss_er: dict,
        loss_ecr: dict,
        view_scale: float = 0.3,
        **kwargs,
    ):
        super().__init__(backbone, head, **kwargs)
        fits = 0 < view_scale < 1
        require(fits, 'view_scale', view_scale, 'within (0, 1)')
        self.pcm = MODELS.build(pcm)
        self.view_scale = view_scale
        self.loss_min = MODELS.build(loss_min)
        self.loss_er = MODELS.build(loss_er)
        self.loss_ecr = MODELS.build(loss_ecr)

    def refine(
        self, cam: Tensor, inputs: Tensor, features: tuple[Tensor, ...]
    ) -> Tensor:
        """Pixel correlation of the normalised CAM and its background.

        The CAM is unrectified, (N, K, h, w); the result (N, 1 + K, h, w) is in
        [0, 1], background first.
        """
        cam = normalize_cam(cam.detach().float())
        # As released: each position gives its best class (of all) alone.
        background = add_background(cam)[:, :1]
        maps = torch.cat([background, keep_winner(cam)], dim=1)
        return self.pcm(maps, inputs, features)

    def view_cam(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Refined map and the logits of the CAM, see the base class."""
        features = self.extract_feat(inputs)
        cam = self.head(features)
        refined = self.refine(cam, inputs, features)[:, 1:]
        return refined, pool_logits(cam.float())

    def cam_losses(self, inputs, features, cam, data_samples):
        """Losses of the images and their small views, see the base class."""
        labels = weak_labels(data_samples, inputs.device)
        small = self.small_view(inputs)
        size = tuple(small.shape[-2:])
        first = self._see(inputs, features, cam, labels, size)
        features = self.extract_feat(small)
        cam = self.head(features)
        second = self._see(small, features, cam, labels, size)
        return self._compare(first, second, labels)

    def small_view(self, inputs: Tensor) -> Tensor:
        """Images (N, 3, H, W) at ``view_scale``, bilinear."""
        size = [
            max(int(length * self.view_scale), 1)
            for length in inputs.shape[-2:]
        ]
        return F.interpolate(
            inputs, size=size, mode='bilinear', align_corners=False
        )

    def _see(self, inputs, features, cam, labels, size) -> View:
        """Turn one view's features and CAM into what the losses take."""
        mask = labels[..., None, None].to(cam.dtype)
        refined = resize_cam(self.refine(cam, inputs, features), size)
        stretched = stretch_cam(refined)
        return View(
            pool_logits(cam),
            stretch_cam(resize_cam(cam.float(), size)) * mask,
            torch.cat([stretched[:, :1], stretched[:, 1:] * mask], dim=1),
            refined[:, 1:] * mask,
        )

    def _compare(self, first: View, second: View, labels) -> dict:
        """Losses of both views."""
        views = (first, second)
        return {
            'loss_cls': sum(self.loss_cls(v.logits, labels) for v in views)
            / 2,
            'loss_min': sum(self.loss_min(v.scores) for v in views) / 2,
            'loss_er': self.loss_er(first.cam, second.cam),
            'loss_ecr': self.loss_ecr(
                first.refined, add_background(second.cam)
            )
            + self.loss_ecr(second.refined, add_background(first.cam)),
        }

    def finish_cam(self, cam: Tensor) -> Tensor:
        """Stretch the merged map, as the released code does."""
        return stretch_cam(cam)
