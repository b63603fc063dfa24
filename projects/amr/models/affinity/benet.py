"""BES's boundary network, "Boundary Exploration Based Segmentation", 2020."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.affinity.base_affinity_network import shrink_seed
from projects.amr.models.affinity.irnet import IRNet


@MODELS.register_module()
class BENet(IRNet):
    """IRNet's boundary branch, trained on boundary labels instead of pairs.

    In training ``gt_sem_seg`` holds boundary labels (1, H, W), which
    :class:`GenerateBoundaryLabel` makes of a seed. Predictions and the walk
    are IRNet's.

    Loss: ``loss_boundary``.

    Args:
        backbone (dict): Config of the encoder.
        boundary_head (dict): Config of the boundary branch.
        loss_boundary (dict, optional): Defaults to
            dict(type='BoundaryExplorationLoss').
        **kwargs: See :class:`IRNet`; its ``radius`` and ``loss_affinity``
            have no use here.
    """

    def __init__(
        self,
        backbone: dict,
        boundary_head: dict,
        loss_boundary: dict | None = None,
        **kwargs,
    ):
        super().__init__(backbone, boundary_head, **kwargs)
        self.loss_boundary = MODELS.build(
            loss_boundary or {'type': 'mmseg.BoundaryExplorationLoss'}
        )

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Training loss of images (N, 3, H, W)."""
        logits = self.run_heads(inputs)
        labels = [sample.gt_sem_seg.data for sample in data_samples]
        labels = torch.stack(labels).to(logits.device)
        small = shrink_seed(labels, logits.shape[-2:])[:, 0]
        return {'loss_boundary': self.loss_boundary(logits, small)}
