"""SC-CAM: a second head for the clusters of each class, arXiv:2008.01183."""

import torch
from mmseg.registry import MODELS

from projects.amr.models.classifiers.cam_classifier import CAMClassifier
from projects.amr.ops import pool_logits
from projects.amr.ops.checks import require


@MODELS.register_module()
class SubCategoryClassifier(CAMClassifier):
    """A plain classifier that also tells the clusters of each class apart.

    A class's clusters differ in more than its most discriminative part, so
    the features cover more of it. The second head is for training alone: CAMs
    are those of the first. Data samples carry ``gt_sub_label`` (K * S,), see
    :class:`LoadSubcategories`.

    Losses: ``loss_cls`` and ``loss_sub``.

    Args:
        num_clusters (int): S, clusters per class, as in the label file.
            Defaults to 10 (released code).
        sub_weight (float): Weight of ``loss_sub``. Defaults to 5.0 (released
            code).
        **kwargs: Of :class:`CAMClassifier`. The second head is like ``head``,
            with K * S outputs.

    Raises:
        ValueError: If ``num_clusters`` is below 1.
    """

    def __init__(
        self, num_clusters: int = 10, sub_weight: float = 5.0, **kwargs
    ):
        super().__init__(**kwargs)
        require(num_clusters >= 1, 'num_clusters', num_clusters, 'at least 1')
        outputs = self.num_classes * num_clusters
        self.sub_head = MODELS.build(
            {**kwargs['head'], 'num_classes': outputs}
        )
        self.sub_weight = sub_weight

    def cam_losses(self, inputs, features, cam, data_samples):
        """Losses of both heads, see the base class."""
        labels = [sample.gt_sub_label for sample in data_samples]
        clusters = torch.stack(labels).to(cam.device)
        outputs = self.sub_head.num_classes
        if clusters.shape[1] != outputs:
            raise ValueError(
                f'sub-category labels have {clusters.shape[1]} entries, the '
                f'second head {outputs}: set `num_clusters` to that of the '
                'label file'
            )
        losses = super().cam_losses(inputs, features, cam, data_samples)
        loss = self.loss_cls(pool_logits(self.sub_head(features)), clusters)
        return {**losses, 'loss_sub': self.sub_weight * loss}
