"""Spearman's rank correlation."""

from torch import Tensor


def rank_correlation(one: Tensor, other: Tensor) -> float:
    """Correlate the ranks of two tensors of the same number of values.

    Equal values share their mean rank.

    Args:
        one (Tensor): Real, any shape, at least two values.
        other (Tensor): Likewise.

    Returns:
        float: In [-1, 1]; nan if all values of a tensor are equal.

    Raises:
        ValueError: If the numbers of values differ.

    Example:
        >>> import torch
        >>> one, other = torch.tensor([1, 2, 9]), torch.tensor([3, 5, 4])
        >>> round(rank_correlation(one, other), 6)
        0.5
    """
    if one.numel() != other.numel():
        raise ValueError(
            f'as many values are needed, got {one.numel()} and {other.numel()}'
        )
    first, second = (_centred_ranks(values) for values in (one, other))
    lengths = first.norm() * second.norm()
    return float(first @ second / lengths)


def _centred_ranks(values: Tensor) -> Tensor:
    """Ranks less their mean, ties shared, 1-D in float64."""
    _, place, count = values.flatten().unique(
        return_inverse=True, return_counts=True
    )
    ranks = (count.cumsum(0) - (count - 1) / 2).double()[place]
    return ranks - ranks.mean()
