r"""Affinity of pixel pairs from features (AffinityNet, arXiv:1803.10464).

.. math::
    a_{ij} = \exp\left(-\frac{1}{C} \sum_c |f_{ic} - f_{jc}|\right)

The mean over the channels is the released code's form.

Legend: N maps of C channels and H x W feature pixels, P offsets of the half
disc as in ``path_index.py``.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from projects.amr.ops.path_index import (
    Offset,
    half_disc_offsets,
)


def feature_affinity(features: Tensor, radius: int) -> Tensor:
    """Affinity (N, P, H, W) of pixels with their half disc of neighbours.

    Features are (N, C, H, W); AffinityNet takes a radius of 5 at stride 8.
    Ordered like :func:`~projects.amr.ops.affinity.pairwise_affinity`; 0,
    without gradient, where the pair leaves the map.

    The released way gathers both features of every pair, C x P values a
    pixel. Here the differences are formed one offset at a time and formed
    again in the backward pass, so that only a few times C values a pixel are
    held. The gradient of a difference of 0 is 0.

    Example:
        >>> features = torch.tensor([0.0, 0.0, 2.0]).view(1, 1, 1, 3)
        >>> feature_affinity(features, 2)[0, 0].log().tolist()
        [[0.0, -2.0, -inf]]
    """
    return _FeatureAffinity.apply(features, radius)


class _FeatureAffinity(torch.autograd.Function):
    """Affinities which form their differences again when going back."""

    @staticmethod
    def forward(ctx, features: Tensor, radius: int) -> Tensor:
        """Affinities (N, P, H, W) of features (N, C, H, W), by offset."""
        num_maps, _, height, width = features.shape
        offsets = half_disc_offsets(radius)
        affinity = features.new_zeros(num_maps, len(offsets), height, width)
        for p, offset in enumerate(offsets):
            source, partner = _ends(features, offset)
            target, _ = _ends(affinity[:, p], offset)
            target.copy_((source - partner).abs_().mean(1).neg_().exp_())
        ctx.save_for_backward(features, affinity)
        ctx.offsets = offsets
        return affinity

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        """Gradient (N, C, H, W), passed on to both ends of each pair."""
        features, affinity = ctx.saved_tensors
        dtype = torch.promote_types(grad.dtype, torch.float32)
        total = torch.zeros_like(features, dtype=dtype)
        # d a / d f_i = -a sign(f_i - f_j) / C
        weight = grad.to(dtype) * affinity * (-1 / features.shape[1])
        for p, offset in enumerate(ctx.offsets):
            source, partner = _ends(features, offset)
            scale, _ = _ends(weight[:, p], offset)
            step = (source - partner).sign_().to(dtype).mul_(scale[:, None])
            at_source, at_partner = _ends(total, offset)
            at_source.add_(step)
            at_partner.sub_(step)
        return total.to(features.dtype), None


def _ends(maps: Tensor, offset: Offset) -> tuple[Tensor, Tensor]:
    """Views of maps (..., H, W) at the two ends of all pairs inside."""
    (dy, dx), (height, width) = offset, maps.shape[-2:]
    rows, columns = max(height - dy, 0), max(width - abs(dx), 0)
    left, right = max(-dx, 0), max(dx, 0)
    source = maps[..., :rows, left : left + columns]
    partner = maps[..., dy : dy + rows, right : right + columns]
    return source, partner
