import pytest
import torch
from pixel_pairs import pairs_inside

from projects.amr.ops.affinity_labels import affinity_labels
from projects.amr.ops.path_index import half_disc_offsets


def brute_labels(seed, radius, interior_only):
    """Sort the pairs of one map by plain loops."""
    height, width = seed.shape
    count = len(half_disc_offsets(radius))
    masks = torch.zeros(3, count, height, width, dtype=torch.bool)
    reach = radius - 1
    for p, (y, x), partner in pairs_inside(seed.shape, radius):
        whole = y + reach < height and reach <= x < width - reach
        a, b = int(seed[y, x]), int(seed[partner])
        if 255 not in (a, b) and (whole or not interior_only):
            group = 2 if a != b else int(a > 0)
            masks[group, p, y, x] = True
    return masks


@pytest.mark.parametrize('size', [(1, 1), (1, 7), (3, 4), (11, 8)])
@pytest.mark.parametrize('radius', [1, 2, 4])
@pytest.mark.parametrize('interior_only', [False, True])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64])
def test_equals_plain_loops(size, radius, interior_only, dtype):
    seed = torch.tensor([0, 1, 2, 255])[torch.randint(4, size)].to(dtype)
    labels = affinity_labels(seed, radius, interior_only=interior_only)
    expected = brute_labels(seed, radius, interior_only)
    assert torch.equal(torch.stack(labels), expected)


def test_batches():
    seed = torch.randint(3, (2, 1, 6, 7))
    labels = affinity_labels(seed, 3)
    flat = affinity_labels(seed[:, 0], 3)
    for mask, same in zip(labels, flat, strict=True):
        assert mask.shape == (2, len(half_disc_offsets(3)), 6, 7)
        assert torch.equal(mask, same)
    alone = affinity_labels(seed[1, 0], 3)
    assert torch.equal(alone.negative, labels.negative[1])


def test_wrong_input():
    with pytest.raises(ValueError, match='seed'):
        affinity_labels(torch.zeros(2, 2, 3, 3, dtype=torch.int64), 2)
