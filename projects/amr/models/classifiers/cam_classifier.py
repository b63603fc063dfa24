"""Plain CAM classifier: the baseline of AMR's Table 3."""

import warnings

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.classifiers.base_cam_classifier import (
    BaseCAMClassifier,
    weak_labels,
)
from projects.amr.models.small_views import features_of_views
from projects.amr.ops import pool_logits


@MODELS.register_module()
class CAMClassifier(BaseCAMClassifier):
    """One encoder and one CAM head, trained with the soft margin loss.

    The plain classifier and a branch of :class:`AMR`: it is its own branch.
    A subclass whose maps are not those that its logits are the means of
    (SEAM, which refines them) overrides :meth:`view_cam` and sets
    ``refines``.

    Args:
        backbone (dict): Config of the encoder; it returns a tuple of maps.
        head (dict): Config of the CAM head.
        loss_cls (dict, optional): Classification loss, Eq. 9. Defaults to
            dict(type='MultiLabelSoftMarginLoss').
        **kwargs: See :class:`BaseCAMClassifier`.
    """

    refines = False  # whether view_cam gives another map than forward_cam

    def __init__(
        self,
        backbone: dict,
        head: dict,
        loss_cls: dict | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        self.loss_cls = MODELS.build(
            loss_cls or {'type': 'mmseg.MultiLabelSoftMarginLoss'}
        )

    @property
    def num_classes(self) -> int:
        """Number of foreground classes."""
        return self.head.num_classes

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images (N, 3, H, W)."""
        return features_of_views(self.backbone, inputs)

    def branches(self) -> dict[str, 'CAMClassifier']:
        """Return the classifier itself."""
        return {self.final: self}

    def forward_cam(self, inputs: Tensor) -> Tensor:
        """Unrectified CAM (N, K, h, w) of images (N, 3, H, W)."""
        return self.head(self.extract_feat(inputs))

    def view_cam(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Map before ReLU (N, K, h, w) and logits (N, K) of views."""
        cam = self.forward_cam(inputs)
        return cam, pool_logits(cam.float())

    def finish_cam(self, cam: Tensor) -> Tensor:
        """Last step on the merged, normalised map (k, h', w'): none here."""
        return cam

    def loss(self, inputs, data_samples):
        """Training losses, see the base class."""
        return self.train_cams(inputs, data_samples)[0]

    def train_cams(
        self, inputs: Tensor, data_samples: list, detach: bool = False
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Losses and unrectified CAM (N, K, h, w) of a training batch.

        With ``detach`` neither the features nor the losses carry a gradient;
        the CAM still does, to the head's weights.
        """
        learning = torch.is_grad_enabled() and not detach
        with torch.set_grad_enabled(learning):
            features = self.extract_feat(inputs)
        cam = self.head(features)
        with torch.set_grad_enabled(learning):
            return self.cam_losses(inputs, features, cam, data_samples), cam

    def cam_losses(
        self,
        inputs: Tensor,
        features: tuple[Tensor, ...],
        cam: Tensor,
        data_samples: list,
    ) -> dict[str, Tensor]:
        """Losses of images, their features and unrectified CAM."""
        labels = weak_labels(data_samples, cam.device)
        return {'loss_cls': self.loss_cls(pool_logits(cam), labels)}


@MODELS.register_module(name='CAM')
def cam_by_old_name(**kwargs) -> CAMClassifier:
    """Build the classifier of a config that has its old name."""
    warnings.warn(
        "type='CAM' is deprecated: write type='CAMClassifier'",
        FutureWarning,
        stacklevel=2,
    )
    return CAMClassifier(**kwargs)
