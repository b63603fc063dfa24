"""Adaptive minimum pooling of SEAM's released code (arXiv:2004.04581)."""

from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.checks import require


def adaptive_min_pooling(cam: Tensor, share: float = 0.25) -> Tensor:
    """Mean of the lowest scores of each image, rectified.

    Maps (N, K, h, w) are those of the labelled classes, others 0.

    A position's score is that of its best class. An image is taken to be
    background in at least ``share`` of its area, so the lowest scores are
    pushed to 0; that moves the best background threshold.
    """
    scores = cam.amax(1).flatten(1)
    count = max(int(share * scores.shape[1]), 1)
    return scores.topk(count, dim=1, largest=False).values.relu().mean()


@MODELS.register_module()
class AdaptiveMinPoolingLoss(WeightedLoss):
    """:func:`adaptive_min_pooling` of maps (N, K, h, w), weighted.

    Raises:
        ValueError: If ``share`` is not in (0, 1].
    """

    function = staticmethod(adaptive_min_pooling)

    def __init__(self, loss_weight: float = 1.0, share: float = 0.25):
        super().__init__(loss_weight)
        require(0 < share <= 1, 'share', share, 'within (0, 1]')
        self.options = {'share': share}
