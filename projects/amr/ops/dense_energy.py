r"""Gated dense energy of a segmentation, on the permutohedral lattice.

RRM (arXiv:1911.08039) trains with it, and so do ToCo, SeCo and CoSA; without
the gate it is the dense CRF loss of Tang et al. (arXiv:1803.09569).

Shape legend: B images, L labels, (h, w) their size, P = h * w pixels.
"""

import numpy as np
import torch
from torch import Tensor

from projects.amr.ops.dense_crf import pixel_features
from projects.amr.ops.permutohedral import PermutohedralLattice
from projects.amr.structures.label_space import IGNORE_LABEL


class LatticeKernel:
    """Bilateral Gaussian kernel over the pixels of one image.

    Args:
        image (np.ndarray): RGB in [0, 255], shape (h, w, 3).
        sigma_xy (float): In pixels, positive.
        sigma_rgb (float): In grey levels, positive.
    """

    def __init__(self, image: np.ndarray, sigma_xy: float, sigma_rgb: float):
        features = pixel_features(image, sigma_xy, sigma_rgb)
        self._lattice = PermutohedralLattice(features)

    def __call__(self, values: Tensor, transposed: bool = False) -> Tensor:
        """Sum values (P, C) under the kernel."""
        out = self._lattice.filter(values.cpu().numpy(), transposed)
        return torch.from_numpy(out).to(values)


def energy_gate(probs: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """Weight of a pixel: 1 without a label, else its doubt.

    Of probabilities (B, L, h, w) and labels (B, h, w): 1 where unlabelled,
    255, else ``valid`` (0 on padding) less the largest probability, at least
    0; without gradient.
    """
    doubt = (valid - probs.detach().amax(1)).clamp(min=0)
    return torch.where(labels == IGNORE_LABEL, torch.ones_like(doubt), doubt)


class _Energy(torch.autograd.Function):
    """-sum_k (gate s_k)^T W s_k of each image, with its exact gradient."""

    @staticmethod
    def forward(ctx, probs, gate, kernels):
        pixels = probs.flatten(2).transpose(1, 2)  # (B, P, L)
        gated = pixels * gate.flatten(1)[..., None]
        filtered = [k(p) for k, p in zip(kernels, pixels, strict=True)]
        ctx.save_for_backward(gate, gated, *filtered)
        ctx.kernels, ctx.shape = kernels, probs.shape
        return -(gated * torch.stack(filtered)).sum((1, 2))

    @staticmethod
    def backward(ctx, grad):
        gate, gated, *filtered = ctx.saved_tensors
        back = [
            kernel(own, transposed=True)
            for kernel, own in zip(ctx.kernels, gated, strict=True)
        ]
        slope = gate.flatten(1)[..., None] * torch.stack(filtered)
        slope = -(slope + torch.stack(back)) * grad[:, None, None]
        return slope.transpose(1, 2).reshape(ctx.shape), None, None


def gated_energy(probs: Tensor, gate: Tensor, kernels) -> Tensor:
    r"""Energy (B,), at most 0: low where like pixels agree.

    ``probs`` (B, L, h, w) are 0 on padding, the gate (B, h, w) in [0, 1] is a
    constant. ``kernels`` hold a W per image, such as a :class:`LatticeKernel`:
    it maps values (P, C) to their sums.

    .. math::  E = -\sum_{k} \sum_{ij} g_i s_{ik} W_{ij} s_{jk}

    Released code: its gradient counts g once for both pixels of a pair.
    Here: the gradient of E itself, for a gate that is constant.
    """
    return _Energy.apply(probs, gate, kernels)
