import numpy as np
import pytest
import torch

from projects.amr.ops.rank_correlation import rank_correlation


def counted_ranks(values):
    """Rank of each value: those below it, and half of its equals."""
    return [(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values]


@pytest.mark.parametrize('levels', [3, 1000])
def test_is_pearsons_correlation_of_the_ranks(levels):
    one, other = np.random.default_rng(levels).integers(0, levels, (2, 7 * 9))
    expected = np.corrcoef(counted_ranks(one), counted_ranks(other))[0, 1]
    found = rank_correlation(
        torch.from_numpy(one).float().view(7, 9), torch.from_numpy(other)
    )
    assert found == pytest.approx(expected, abs=1e-12)


def test_order_alone_matters():
    values = torch.tensor([0.3, -2.0, 5.0, 0.1])
    assert rank_correlation(values, values.exp()) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)


def test_equal_values_have_no_correlation():
    assert np.isnan(rank_correlation(torch.ones(4), torch.arange(4)))


def test_differing_counts_are_refused():
    with pytest.raises(ValueError, match='3 and 4'):
        rank_correlation(torch.ones(3), torch.ones(4))
