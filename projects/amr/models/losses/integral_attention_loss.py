"""Loss of OAA+'s integral model (ICCV 2019), as released.

Shape legend: N images, K foreground classes, (h, w) size of the maps.
"""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.checks import require
from projects.amr.ops.precision import at_least_float32


def integral_attention_loss(
    logits: Tensor, target: Tensor, threshold: float = 1e-3
) -> Tensor:
    r"""Cross entropy to soft maps, attended and other places apart.

    .. math::
        L = \overline{-t \log \sigma(x)}_{t > \tau}
        + \overline{-\log(1 - \sigma(x))}_{t \le \tau}

    with means over all places of all classes of the batch, x the logits and t
    the target in [0, 1], both (N, K, h, w), :math:`\tau` the threshold. A
    group without places adds 0.
    """
    logits = at_least_float32(logits)
    attended = target > threshold
    found = -target * F.logsigmoid(logits)
    others = -F.logsigmoid(-logits)
    return sum(
        (cost * group).sum() / group.sum().clamp_min(1)
        for cost, group in ((found, attended), (others, ~attended))
    )


@MODELS.register_module()
class IntegralAttentionLoss(WeightedLoss):
    """Registered form of :func:`integral_attention_loss`.

    Args:
        threshold (float): In [0, 1). Defaults to 1e-3.
        loss_weight (float): Factor. Defaults to 1.0.

    Raises:
        ValueError: If ``threshold`` is out of its range.
    """

    function = staticmethod(integral_attention_loss)

    def __init__(self, threshold: float = 1e-3, loss_weight: float = 1.0):
        super().__init__(loss_weight)
        require(0 <= threshold < 1, 'threshold', threshold, 'in [0, 1)')
        self.options = {'threshold': threshold}
