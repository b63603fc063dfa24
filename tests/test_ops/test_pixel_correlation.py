import pytest
import torch

from projects.amr.ops import normalize_cam
from projects.amr.ops.cam import stretch_cam
from projects.amr.ops.pixel_correlation import (
    add_background,
    correlation_weights,
    keep_winner,
    pixel_correlation,
)


def by_loops(cam, features):
    """The formula, pair by pair."""
    result = torch.zeros_like(cam)
    height, width = cam.shape[-2:]
    cells = [(y, x) for y in range(height) for x in range(width)]
    for n, j in ((n, j) for n in range(len(cam)) for j in cells):
        weights = {}
        for i in cells:
            a, b = features[n][:, i[0], i[1]], features[n][:, j[0], j[1]]
            cosine = (a @ b) / (a.norm() * b.norm())
            weights[i] = max(cosine.item(), 0.0)
        total = sum(weights.values())
        for i, weight in weights.items():
            result[n, :, j[0], j[1]] += weight / total * cam[n][:, i[0], i[1]]
    return result


@pytest.mark.parametrize('count', [1, 2])
def test_it_is_the_loop_over_pairs(count):
    cam = torch.rand(count, 3, 3, 5, dtype=torch.float64)
    features = torch.randn(count, 4, 3, 5, dtype=torch.float64)
    torch.testing.assert_close(
        pixel_correlation(cam, features), by_loops(cam, features)
    )


def test_features_of_zeros_give_zeros():
    features = torch.randn(1, 4, 2, 3)
    features[..., 0, 0] = 0
    got = pixel_correlation(torch.ones(1, 2, 2, 3), features)
    assert got[..., 0, 0].tolist() == [[0, 0]]
    torch.testing.assert_close(got[..., 1, :], torch.ones(1, 2, 3))


def test_faint_features_weigh_as_strong_ones():
    features = torch.randn(1, 4, 3, 5)
    want = correlation_weights(features)
    torch.testing.assert_close(correlation_weights(1e-3 * features), want)


@pytest.mark.parametrize('max_entries', [1, 70, 200])
def test_blocks_change_the_memory_not_the_result(monkeypatch, max_entries):
    cam, features = torch.rand(2, 3, 5, 7), torch.randn(2, 4, 5, 7)
    whole = pixel_correlation(cam, features)
    widths = []

    def spy(features, start, stop):
        weights = correlation_weights(features, start, stop)
        widths.append(weights.shape[-1])
        return weights

    module = 'projects.amr.ops.pixel_correlation'
    monkeypatch.setattr(f'{module}.correlation_weights', spy)
    monkeypatch.setattr(f'{module}.MAX_ENTRIES', max_entries)
    torch.testing.assert_close(pixel_correlation(cam, features), whole)
    assert sum(widths) == 35
    assert max(widths) == max(max_entries // 70, 1)


def test_stretching_goes_from_the_least_to_the_largest():
    cam = torch.tensor([[[0.2, 0.6], [0.3, 1.0]], [[-1.0, 0.0], [2.0, 4.0]]])
    want = torch.tensor(
        [[[0, 0.5], [0.125, 1]], [[0.0, 0.0], [0.5, 1.0]]],
    )
    torch.testing.assert_close(stretch_cam(cam), want)
    assert stretch_cam(torch.full((1, 3, 3), 0.7)).tolist() == [[[0] * 3] * 3]
    assert stretch_cam(cam / 10, eps=0.2)[0].abs().max() == 0
    # It is the same before and behind a division by the maximum.
    maps = torch.rand(3, 5, 7) + 0.4
    torch.testing.assert_close(
        stretch_cam(normalize_cam(maps)), stretch_cam(maps)
    )


def test_background_is_what_the_best_class_leaves():
    cam = torch.tensor([0.2, 0.7, 0.4, 0.1]).view(1, 2, 1, 2)
    got = add_background(cam)[0, :, 0].tolist()
    assert got[0] == pytest.approx([0.6, 0.3])
    torch.testing.assert_close(add_background(cam)[:, 1:], cam)


def test_only_the_best_class_of_a_position_is_kept():
    cam = torch.tensor([0.2, 0.7, 0.5, 0.4, 0.1, 0.5]).view(1, 2, 1, 3)
    before = cam.clone()
    want = torch.tensor([[0, 0.7, 0.5], [0.4, 0, 0.5]])  # a tie leaves both
    assert torch.equal(keep_winner(cam)[0, :, 0], want)
    assert torch.equal(cam, before)
