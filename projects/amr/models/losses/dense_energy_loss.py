"""RRM's gated dense energy loss (arXiv:1911.08039).

Shape legend: B images, L labels, (H, W) their size.
"""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.models.losses.weighted_loss import WeightedLoss
from projects.amr.ops.checks import require
from projects.amr.ops.dense_energy import (
    LatticeKernel,
    energy_gate,
    gated_energy,
)


def dense_energy(
    images: Tensor,
    probs: Tensor,
    labels: Tensor,
    valid: Tensor,
    *,
    sigma_rgb: float = 15.0,
    sigma_xy: float = 100.0,
    scale: float = 0.5,
) -> Tensor:
    """Mean over images of the gated dense energy, at most 0.

    Images are RGB in [0, 255], (B, 3, H, W), ``probs`` a segmentor's softmax
    (B, L, H, W), labels (B, H, W) integers, 255 unlabelled; ``valid`` is 0 on
    padding. ``sigma_rgb`` is in grey levels, ``sigma_xy`` in pixels of the
    full size, ``scale``, in (0, 1], that at which pairs are counted.

    The sum over all pairs of pixels grows with the square of their number,
    hence the small weights of the field.

    Note:
        The lattice runs on the CPU; it approximates the kernel, up to a
        factor near 0.6 (see :class:`PermutohedralLattice`).
    """
    size = [max(int(side * scale), 1) for side in labels.shape[-2:]]
    nearest = [
        F.interpolate(maps.to(probs), size)
        for maps in (images, labels[:, None], valid[:, None])
    ]
    small, labels, valid = nearest[0], nearest[1][:, 0], nearest[2][:, 0]
    probs = F.interpolate(probs, size, mode='bilinear', align_corners=False)
    gate = energy_gate(probs, labels, valid)
    kernels = [
        LatticeKernel(image, sigma_xy * scale, sigma_rgb)
        for image in small.permute(0, 2, 3, 1).cpu().numpy()
    ]
    return gated_energy(probs * valid[:, None], gate, kernels).mean()


@MODELS.register_module()
class DenseEnergyLoss(WeightedLoss):
    """:func:`dense_energy`, weighted with RRM's 1e-7.

    Raises:
        ValueError: If an argument is out of its range.
    """

    function = staticmethod(dense_energy)

    def __init__(
        self,
        loss_weight: float = 1e-7,
        sigma_rgb: float = 15.0,
        sigma_xy: float = 100.0,
        scale: float = 0.5,
    ):
        super().__init__(loss_weight)
        require(sigma_rgb > 0, 'sigma_rgb', sigma_rgb, 'positive')
        require(sigma_xy > 0, 'sigma_xy', sigma_xy, 'positive')
        require(0 < scale <= 1, 'scale', scale, 'in (0, 1]')
        self.options = {
            'sigma_rgb': sigma_rgb,
            'sigma_xy': sigma_xy,
            'scale': scale,
        }
