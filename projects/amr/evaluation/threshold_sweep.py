"""Confusion of a scored label map at every background threshold at once.

Shape legend: (H, W) image size, L labels with the background, T thresholds,
P parts. A pixel's best class wins where its score is *greater* than the
threshold. With ``bin`` = number of thresholds below the score, that is where
``bin > t``, so one histogram over bins holds all T confusion matrices.
"""

import numpy as np
import torch
from torch import Tensor

from projects.amr.structures.label_space import IGNORE_LABEL


def score_bins(scores: Tensor, thresholds: Tensor) -> Tensor:
    """Thresholds (T,), ascending, strictly below each score: 0..T, long.

    Example:
        >>> score_bins(torch.tensor([0.0, 0.2, 0.3]), torch.tensor([0.2]))
        tensor([0, 0, 1])
    """
    return torch.bucketize(scores, thresholds.to(scores), right=False)


def label_histogram(
    bins: Tensor, labels: Tensor, truth: Tensor, shape: tuple[int, int, int]
) -> np.ndarray:
    """Count pixels by true label, best label and score bin: (L, L, T + 1)."""
    valid = truth != IGNORE_LABEL
    return _counts(truth[valid], labels[valid], bins[valid], shape)


def part_histogram(
    bins: Tensor,
    labels: Tensor,
    truth: Tensor,
    parts: Tensor,
    shape: tuple[int, int, int],
) -> np.ndarray:
    """Count pixels by part, "best label is true" and score bin.

    ``parts`` are 0 for no part, 1..P or 255 for ignored, ``shape`` is ``(P +
    1, 2, T + 1)``.
    """
    valid = (truth != IGNORE_LABEL) & (parts != IGNORE_LABEL)
    right = (labels == truth)[valid].long()
    return _counts(parts[valid], right, bins[valid], shape)


def _counts(first: Tensor, second: Tensor, third: Tensor, shape) -> np.ndarray:
    """Histogram, int64, of index triples."""
    flat = (first * shape[1] + second) * shape[2] + third
    counts = torch.bincount(flat, minlength=int(np.prod(shape)))
    return counts.view(shape).cpu().numpy()


def confusion_sweep(histogram: np.ndarray) -> np.ndarray:
    """Confusion (T, L, L) at every threshold; rows are true labels.

    The histogram is (L, L, T + 1), by true label, best label and score bin.
    """
    # above[..., t]: pixels whose score beats threshold t.
    above = np.cumsum(histogram[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    confusion = np.moveaxis(above, -1, 0).copy()
    confusion[..., 0] = 0
    background = histogram.sum((1, 2)) - confusion.sum(-1)
    confusion[..., 0] = background
    return confusion


def recall_sweep(histogram: np.ndarray) -> np.ndarray:
    """Share (T, P + 1) of each part's pixels that get their true label.

    The histogram is (P + 1, 2, T + 1), by part, "best label is true" and score
    bin; nan for a part that does not occur.
    """
    hits = np.cumsum(histogram[:, 1, ::-1], axis=-1)[:, ::-1][:, 1:]
    total = histogram.sum((1, 2))
    with np.errstate(invalid='ignore'):
        return (hits / total[:, None]).T


def iou_per_class(confusion: np.ndarray) -> np.ndarray:
    """IoU (..., L), in [0, 1], of confusions (..., L, L), rows true labels.

    nan for a label that is neither in the truth nor predicted.

    Example:
        >>> iou_per_class(np.array([[2, 0, 0], [1, 1, 0], [0, 0, 0]]))
        array([0.66666667, 0.5       ,        nan])
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    union = confusion.sum(-1) + confusion.sum(-2) - hits
    with np.errstate(invalid='ignore'):
        return hits / np.where(union > 0, union, np.nan)
