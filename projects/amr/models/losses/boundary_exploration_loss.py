"""Loss of BES's boundary network (ECCV 2020), as released.

Shape legend: N images, (h, w) size of the boundary map.
"""

from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.boundary_labels import (
    BOUNDARY,
    INTERIOR_BACKGROUND,
    INTERIOR_OBJECT,
)

_EDGE = 1e-4  # probabilities are kept this far from 0 and 1


def boundary_exploration_loss(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Cross entropy of boundaries, each kind of pixel by its own mean.

    Logits are (N, 1, h, w), labels those of :func:`boundary_labels`.

    .. math::
        L = \tfrac{1}{2} \sum_{I \in \{bg, obj\}} \overline{-\log(1 - p)}_I
        + \overline{-\sqrt{p}\,\log p}_{B}

    with I the interiors of background and of objects, B the boundaries. The
    factor :math:`\sqrt{p}` has no gradient. A mean's denominator is its
    number of pixels and 1, so a kind that is absent gives 0.
    """
    prob = logits[:, 0].float().sigmoid().clamp(_EDGE, 1 - _EDGE)
    inside, edge = -(1 - prob).log(), -prob.log() * prob.detach().sqrt()
    means = [
        (values * (labels == kind)).sum() / ((labels == kind).sum() + 1)
        for values, kind in (
            (inside, INTERIOR_BACKGROUND),
            (inside, INTERIOR_OBJECT),
            (edge, BOUNDARY),
        )
    ]
    return (means[0] + means[1]) / 2 + means[2]


@MODELS.register_module()
class BoundaryExplorationLoss(WeightedLoss):
    """:func:`boundary_exploration_loss` of logits (N, 1, h, w), weighted."""

    function = staticmethod(boundary_exploration_loss)
