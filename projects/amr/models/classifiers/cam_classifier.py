"""Plain CAM classifier: the baseline of AMR's Table 3."""

import warnings

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.classifiers.base_cam_classifier import (
    BaseCAMClassifier,
)
from projects.amr.models.small_views import features_of_views
from projects.amr.ops import pool_logits


@MODELS.register_module()
class CAMClassifier(BaseCAMClassifier):
    """One encoder and one CAM head, trained with the soft margin loss.

    Args:
        backbone (dict): Config of the encoder; it returns a tuple of maps.
        head (dict): Config of the CAM head.
        loss_cls (dict, optional): Classification loss, Eq. 9. Defaults to
            dict(type='MultiLabelSoftMarginLoss').
        data_preprocessor (dict, optional): Defaults to None.
        test_cfg (dict, optional): CAM method of testing, see
            :class:`BaseCAMClassifier`.
        val_cfg (dict, optional): CAM method of validation. Defaults to None.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        loss_cls: dict | None = None,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, test_cfg, val_cfg, init_cfg)
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

    def branch_cams(self, inputs: Tensor) -> dict[str, Tensor]:
        """Unrectified CAM (N, K, h, w) under the name ``cam``."""
        return {'cam': self.head(self.extract_feat(inputs))}

    def train_cams(self, inputs, labels, detach=False):
        """Classification loss and unrectified CAM, see the base class."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not detach):
            features = self.extract_feat(inputs)
        cam = self.head(features)
        scored = cam.detach() if detach else cam
        return {'loss_cls': self.loss_cls(pool_logits(scored), labels)}, cam


@MODELS.register_module(name='CAM')
def cam_by_old_name(**kwargs) -> CAMClassifier:
    """Build the classifier of a config that has its old name.

    Args:
        **kwargs: Of :class:`CAMClassifier`.

    Returns:
        CAMClassifier: The same as with the new name.
    """
    warnings.warn(
        "type='CAM' is deprecated: write type='CAMClassifier'",
        FutureWarning,
        stacklevel=2,
    )
    return CAMClassifier(**kwargs)
