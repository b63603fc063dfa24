r"""Losses of the affinity networks, over all pairs of a global batch.

.. math::
    L = \tfrac14 L_{bg} + \tfrac14 L_{fg} + \tfrac12 L_{neg}, \quad
    L_{bg}, L_{fg} = \mathrm{mean}\,[-\log(a + \epsilon)], \quad
    L_{neg} = \mathrm{mean}\,[-\log(1 - a + \epsilon)]

AffinityNet (arXiv:1803.10464) and IRNet (arXiv:1904.05044), both with
:math:`\epsilon = 10^{-5}` in their released code.

Legend: N maps of h x w feature pixels, P offsets of the half disc as in
``path_index.py``.

Released code (IRNet): means over the pairs of one device.
Here: means over the pairs of all ranks, so that a run on several devices
takes the steps of a run on one: a rank divides its own sum by the global
count over the number of ranks, and the averaging of gradients does the rest.
The *mean over ranks* of a returned loss is the loss.
"""

from typing import ClassVar

import torch
from mmengine.dist import all_reduce, get_world_size
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.ops.affinity_labels import AffinityLabels
from projects.amr.ops.precision import at_least_float32


def global_means(sums: Tensor, counts: Tensor) -> Tensor:
    """Means (G,) over all ranks of this rank's sums and counts.

    Averaged over the ranks, they are the global means; 0 where no rank has
    anything to count.
    """
    total = counts.clone()
    all_reduce(total)
    # Times the ranks, since gradients are averaged over them.
    return sums * get_world_size() / total.clamp_min(1)


def affinity_loss(
    affinity: Tensor, labels: AffinityLabels, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Means of -log of background, foreground and negative pairs.

    Of affinities (N, P, h, w), see :func:`global_means`; unweighted, 0 for an
    empty group.

    Example:
        >>> from projects.amr.ops.affinity_labels import affinity_labels
        >>> labels = affinity_labels(torch.tensor([[[0, 0, 1]]]), 2)
        >>> affinity = torch.full((1, 4, 1, 3), 0.5)
        >>> [round(x.item(), 4) for x in affinity_loss(affinity, labels)]
        [0.6931, 0.0, 0.6931]
    """
    affinity = at_least_float32(affinity)
    # One logarithm for all groups: of a for like pairs, of 1 - a else.
    likely = torch.where(labels.negative, 1 - affinity, affinity)
    cost = -(likely + eps).log()
    sums = [torch.where(mask, cost, 0).sum() for mask in labels]
    counts = [mask.sum() for mask in labels]
    return tuple(global_means(torch.stack(sums), torch.stack(counts)))


@MODELS.register_module()
class AffinityLoss(nn.Module):
    """Weighted form of :func:`affinity_loss`.

    Args:
        eps (float): Added before the logarithm. Defaults to 1e-5.
    """

    weights: ClassVar[dict[str, float]] = {
        'loss_aff_pos_bg': 0.25,
        'loss_aff_pos_fg': 0.25,
        'loss_aff_neg': 0.5,
    }

    def __init__(self, eps: float = 1e-5):
        super().__init__()
        self.eps = eps

    def forward(
        self, affinity: Tensor, labels: AffinityLabels
    ) -> dict[str, Tensor]:
        """Return the weighted losses ``loss_aff_*``, scalars."""
        losses = affinity_loss(affinity, labels, self.eps)
        return {
            key: weight * loss
            for (key, weight), loss in zip(
                self.weights.items(), losses, strict=True
            )
        }
