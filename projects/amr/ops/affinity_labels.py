"""Which pairs of pixels a seed map calls alike, and which different.

Seeds name confident pixels: 0 for background, the classes from 1, 255 for
all others. A pair of two confident pixels is a training example for the
affinity; AffinityNet (arXiv:1803.10464) and IRNet average its loss
over three groups of pairs separately.

Legend: N seed maps of H x W feature pixels, P offsets of the half disc as in
``path_index.py``.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from projects.amr.ops.path_index import (
    as_batch,
    offset_tensor,
    shifted_windows,
)
from projects.amr.structures.label_space import BACKGROUND_LABEL, IGNORE_LABEL


class AffinityLabels(NamedTuple):
    """Three disjoint groups of pairs, each bool of shape (N, P, H, W).

    For a single map the leading dimension is missing. A pair in no group is
    not judged.

    Attributes:
        bg_positive (Tensor): Both pixels are background.
        fg_positive (Tensor): Both are of the same foreground class.
        negative (Tensor): They are confident and differ.
    """

    bg_positive: Tensor
    fg_positive: Tensor
    negative: Tensor


def affinity_labels(
    seed: Tensor, radius: int, *, interior_only: bool = False
) -> AffinityLabels:
    """Sort the pairs of a seed map into alike and different ones.

    Pairs which leave the map, and pairs with an ignored pixel, are in no
    group.

    Released code: only source pixels whose whole half disc lies in the map
    count, which is ``interior_only=True``.
    Here: every pair inside the map counts by default.

    Args:
        seed (Tensor): Labels, integer, shape (H, W), (N, H, W) or
            (N, 1, H, W).
        radius (int): Radius in feature pixels, at least 1.
        interior_only (bool): Whether source pixels with a partner outside
            the map are left out altogether. Defaults to False.

    Returns:
        AffinityLabels: Masks ordered like
        :func:`~projects.amr.ops.affinity.pairwise_affinity`.

    Raises:
        ValueError: If ``seed`` has another shape.

    Example:
        >>> labels = affinity_labels(torch.tensor([[0, 0, 1, 255]]), 2)
        >>> labels.bg_positive[0].int().tolist()  # offset (0, 1)
        [[1, 0, 0, 0]]
        >>> labels.negative[0].int().tolist()
        [[0, 1, 0, 0]]
    """
    maps = as_batch(seed, 'seed')
    maps = maps.int() if maps.dtype == torch.int64 else maps
    ends = offset_tensor(radius, seed.device)
    windows = shifted_windows(maps, radius, IGNORE_LABEL)
    # (N, radius, 2 radius - 1, H, W) -> (N, P, H, W)
    partner = windows[:, ends[:, 0], ends[:, 1] + radius - 1]
    source = maps[:, None]
    judged = (source != IGNORE_LABEL) & (partner != IGNORE_LABEL)
    if interior_only:
        judged &= _interior(judged, radius - 1)
    alike = judged & (source == partner)
    labels = AffinityLabels(
        bg_positive=alike & (source == BACKGROUND_LABEL),
        fg_positive=alike & (source != BACKGROUND_LABEL),
        negative=judged & ~alike,
    )
    if seed.ndim == 2:
        return AffinityLabels(*(mask[0] for mask in labels))
    return labels


def _interior(like: Tensor, reach: int) -> Tensor:
    """Mark, as (H, W), the pixels whose half disc stays in the map."""
    height, width = like.shape[-2:]
    inside = torch.zeros(height, width, dtype=torch.bool, device=like.device)
    inside[: max(height - reach, 0), reach : max(width - reach, 0)] = True
    return inside
