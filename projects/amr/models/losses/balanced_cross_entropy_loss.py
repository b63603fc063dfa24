"""Cross entropy that weighs background and foreground alike."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.precision import at_least_float32
from projects.amr.structures.label_space import BACKGROUND_LABEL, IGNORE_LABEL


def balanced_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = IGNORE_LABEL
) -> Tensor:
    r"""Mean over the background's pixels plus mean over the objects'.

    Logits are (N, L, H, W), background first, targets int64 (N, H, W).

    .. math::
        L = \frac{1}{|B|} \sum_{i \in B} -\log p_i
            + \frac{1}{|F|} \sum_{i \in F} -\log p_i

    with B and F the pixels of the whole batch that are labelled background
    and foreground. A group without pixels adds 0. From the segmentation
    stage of AdvCAM (arXiv:2103.08896, released code).
    """
    pixels = F.cross_entropy(
        at_least_float32(logits),
        target,
        ignore_index=ignore_index,
        reduction='none',
    )
    background = target == BACKGROUND_LABEL
    foreground = ~background & (target != ignore_index)
    return _group_mean(pixels, background) + _group_mean(pixels, foreground)


def _group_mean(values: Tensor, group: Tensor) -> Tensor:
    """Mean of the values in a group, 0 if it is empty."""
    return (values * group).sum() / group.sum().clamp_min(1)


@MODELS.register_module()
class BalancedCrossEntropyLoss(nn.Module):
    """Registered form of :func:`balanced_cross_entropy`, for decode heads.

    Args:
        loss_weight (float): Factor. Defaults to 1.0.
        loss_name (str): Key in the head's loss dict; only names that contain
            ``loss`` are summed up. Defaults to 'loss_balanced_ce'.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_balanced_ce'
    ):
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORE_LABEL,
    ) -> Tensor:
        """Return the weighted loss, a scalar.

        Raises:
            ValueError: If ``weight``, of a head's sampler, is given.
        """
        if weight is not None:
            raise ValueError(
                'BalancedCrossEntropyLoss weighs the pixels itself: take '
                '`sampler` out of the decode head'
            )
        loss = balanced_cross_entropy(logits, target, ignore_index)
        return self.loss_weight * loss
