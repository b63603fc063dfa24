"""Equivariance losses of SEAM (arXiv:2004.04581) between two views' CAMs.

Shape legend: N images, K foreground classes, (h, w) map size. The maps of
both views are normalised, masked by the weak labels and brought to one size
before.
"""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.checks import require
from projects.amr.ops.pixel_correlation import keep_winner


def equivariant_regularization(first: Tensor, second: Tensor) -> Tensor:
    """Mean absolute difference of two views' maps (N, K, h, w) (ER)."""
    return (first - second).abs().mean()


def equivariant_cross_regularization(
    refined: Tensor, target: Tensor, top_share: float = 0.2
) -> Tensor:
    """Distance of refined maps to the other view's, where it is largest.

    Maps are (N, 1 + K, h, w), in [0, 1], background first.

    The target is detached, and of its classes only each position's best one
    is left. The mean is over the ``top_share`` largest differences of each
    image, all maps together ("online hard example mining"; ECR).
    """
    target = target.detach()
    target = torch.cat([target[:, :1], keep_winner(target[:, 1:])], dim=1)
    difference = (refined - target).abs().flatten(1)
    count = max(int(top_share * difference.shape[1]), 1)
    return difference.topk(count, dim=1).values.mean()


@MODELS.register_module()
class EquivariantRegularizationLoss(WeightedLoss):
    """:func:`equivariant_regularization` of maps (N, K, h, w), weighted."""

    function = staticmethod(equivariant_regularization)


@MODELS.register_module()
class EquivariantCrossRegularizationLoss(WeightedLoss):
    """:func:`equivariant_cross_regularization`, weighted.

    Raises:
        ValueError: If ``top_share`` is not in (0, 1].
    """

    function = staticmethod(equivariant_cross_regularization)

    def __init__(self, loss_weight: float = 1.0, top_share: float = 0.2):
        super().__init__(loss_weight)
        require(0 < top_share <= 1, 'top_share', top_share, 'within (0, 1]')
        self.options = {'top_share': top_share}
