import pytest
import torch
from pixel_pairs import pairs_inside

from projects.amr.ops.feature_affinity import feature_affinity
from projects.amr.ops.path_index import half_disc_offsets


def brute_affinity(features, radius):
    """Affinities by plain loops, under autograd."""
    size = features.shape[-2:]
    count = len(half_disc_offsets(radius))
    affinity = features.new_zeros(len(features), count, *size)
    for p, (y, x), (v, u) in pairs_inside(size, radius):
        pair = features[..., y, x] - features[..., v, u]
        affinity[:, p, y, x] = torch.exp(-pair.abs().mean(1))
    return affinity


@pytest.mark.parametrize('size', [(1, 1), (1, 5), (4, 2), (6, 7)])
@pytest.mark.parametrize('radius', [1, 2, 4])
def test_values_and_gradients_equal_plain_loops(size, radius):
    ours = torch.randn(2, 5, *size, dtype=torch.float64, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    affinity = feature_affinity(ours, radius)
    expected = brute_affinity(theirs, radius)
    torch.testing.assert_close(affinity, expected)
    weight = torch.randn_like(expected)
    # The second terms make a graph also where there are no pairs.
    ((affinity * weight).sum() + 0 * ours.sum()).backward()
    ((expected * weight).sum() + 0 * theirs.sum()).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
