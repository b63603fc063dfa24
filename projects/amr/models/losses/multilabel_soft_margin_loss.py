"""Multi-label soft margin loss, Eq. 9 of AMR (arXiv:2112.08996)."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.precision import at_least_float32


def multilabel_soft_margin_loss(logits: Tensor, target: Tensor) -> Tensor:
    r"""Mean binary cross entropy of logits and weak labels (N, K), Eq. 9.

    .. math::
        L = -\frac{1}{K} \sum_k \tilde y_k \log \sigma(y_k)
            + (1 - \tilde y_k) \log (1 - \sigma(y_k))
    """
    logits = at_least_float32(logits)
    return F.multilabel_soft_margin_loss(logits, target.to(logits.dtype))


@MODELS.register_module()
class MultiLabelSoftMarginLoss(WeightedLoss):
    """:func:`multilabel_soft_margin_loss`, weighted."""

    function = staticmethod(multilabel_soft_margin_loss)
