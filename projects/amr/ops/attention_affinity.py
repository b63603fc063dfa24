r"""CAMs refined by a vision transformer's own attention.

Patches that attend to each other belong together. Two published rules, both
pure functions of attention weights, for any transformer:

- MCTformer (arXiv:2203.02891): CAMs times the summed attention of all blocks;
- CLIP-ES (arXiv:2212.09506): class-aware attention affinity, balanced and
  restricted to boxes around each map's peaks.

Shape legend: L blocks, B images, M heads, T tokens, P = h * w patch tokens,
K classes. The tokens before the patches (class tokens) are the *prefix*.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from projects.amr.ops.checks import require
from projects.amr.ops.precision import at_least_float32, full_precision

SINKHORN_ROUNDS = 3
BOX_SHARE = 0.4  # of a map's maximum; ExCEL takes 0.79


def mean_attention(
    attentions: Sequence[Tensor], num_layers: int | None = None
) -> Tensor:
    """Mean (B, T, T) over heads and the last blocks, by default all.

    Each block's attention is (B, M, T, T), after the softmax. Raises
    ValueError if ``num_layers`` is out of range.
    """
    count = len(attentions) if num_layers is None else num_layers
    rule = f'in 1..{len(attentions)}'
    require(1 <= count <= len(attentions), 'num_layers', num_layers, rule)
    # One block at a time: all of them together are L times as large.
    return sum(a.float().mean(1) for a in attentions[-count:]) / count


def patch_attention(
    attentions: Sequence[Tensor],
    num_patches: int,
    num_layers: int | None = None,
) -> Tensor:
    """Mean attention (B, P, P) between patches, over blocks and all heads.

    Of the last ``num_layers`` blocks (CLIP-ES takes 8; None, all, MCTformer),
    each (B, M, T, T) after the softmax: row attends to column. The last P
    tokens are the patches. Rows sum to at most 1.
    """
    own = mean_attention(attentions, num_layers)
    return own[:, -num_patches:, -num_patches:]


def spread_by_attention(cam: Tensor, weights: Tensor) -> Tensor:
    r"""MCTformer's patch affinity: each patch takes what it attends to.

    Maps are (B, K, h, w), at least 0; for weights see :func:`patch_attention`.

    .. math::  M'_i = \sum_j W_{ij} M_j

    Released code: W is the sum over blocks, not normalised, and M' is scaled
    to [0, 1] later, so a mean over blocks gives the same.

    Example:
        >>> cam = torch.tensor([[[[1.0, 0.0]]]])
        >>> weights = torch.tensor([[[0.5, 0.5], [0.25, 0.75]]])
        >>> spread_by_attention(cam, weights).tolist()
        [[[[0.5, 0.25]]]]
    """
    return (cam.flatten(2) @ weights.transpose(1, 2)).reshape(cam.shape)


def balanced_affinity(weights: Tensor) -> Tensor:
    """CLIP-ES's affinity: attention balanced, symmetric, two steps long.

    Weights (B, P, P) are at least 0, every row and column positive somewhere.

    Columns, then rows are divided by their sums, three times (Sinkhorn: with
    many rounds both sum to 1); W becomes (W + W^T) / 2, then W W.
    """
    for _ in range(SINKHORN_ROUNDS):
        weights = weights / weights.sum(-2, keepdim=True)
        weights = weights / weights.sum(-1, keepdim=True)
    weights = (weights + weights.transpose(-1, -2)) / 2
    return weights @ weights


def peak_boxes(cam: Tensor) -> Tensor:
    """Boxes around what hangs together above a share of a map's maximum.

    The union (..., h, w) of the bounding boxes of the connected parts (8
    neighbours); False everywhere where nothing is positive.

    Example:
        >>> peak_boxes(torch.tensor([[0.0, 0.9], [0.5, 0.0]])).tolist()
        [[True, True], [True, True]]
    """
    peak = cam.amax((-2, -1), keepdim=True)
    high = (cam > BOX_SHARE * peak).reshape(-1, *cam.shape[-2:])
    inside = np.zeros(high.shape, bool)
    for own, result in zip(high.cpu().numpy(), inside, strict=True):
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            own.astype(np.uint8), connectivity=8
        )
        for left, top, width, height, _ in stats[1:]:
            result[top : top + height, left : left + width] = True
    return torch.from_numpy(inside).to(cam.device).reshape(cam.shape)


def class_aware_affinity(cam: Tensor, weights: Tensor) -> Tensor:
    """CLIP-ES's refinement: a class takes from its own boxes alone.

    Maps (B, K, h, w) are at least 0; see :func:`patch_attention`,
    :func:`peak_boxes` and :func:`balanced_affinity`. The result is not
    normalised.
    """
    inside = torch.where(peak_boxes(cam), cam, 0)
    return spread_by_attention(inside, balanced_affinity(weights))


RULES = {
    'mctformer': spread_by_attention,
    'clip_es': class_aware_affinity,
}


def refine_by_attention(
    cam: Tensor,
    attentions: Sequence[Tensor],
    rule: str,
    num_layers: int | None = None,
) -> Tensor:
    """Refine maps (B, K, h, w) by the attention of the pass that made them.

    ``rule`` is ``'mctformer'``, :func:`spread_by_attention`, or
    ``'clip_es'``, :func:`class_aware_affinity`; see there, and
    :func:`patch_attention` for the others. The result is at least float32.

    Raises:
        ValueError: If ``num_layers`` is out of range.
    """
    patches = cam.shape[-2] * cam.shape[-1]
    weights = patch_attention(attentions, patches, num_layers)
    with full_precision(cam.device):
        return RULES[rule](at_least_float32(cam), weights)
