import pytest
import torch

from projects.amr.models.losses import (
    AdaptiveMinPoolingLoss,
    adaptive_min_pooling,
)


def test_closed_form():
    cam = torch.tensor(
        [
            [[[4.0, 1.0], [2.0, 3.0]], [[0.0, 0.0], [7.0, 0.0]]],
            [[[0.5, 1.0], [2.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]],
        ]
    )
    # Best classes: 4, 1, 7, 3 and 0.5, 1, 2, 3.
    for share, want in ((0.25, 0.75), (0.5, (1 + 3 + 0.5 + 1) / 4)):
        assert adaptive_min_pooling(cam, share) == want
        assert AdaptiveMinPoolingLoss(2.0, share)(cam) == 2 * want
    assert AdaptiveMinPoolingLoss()(cam) == 0.75


@pytest.mark.parametrize('share', [0.25, 0.6, 1.0])
def test_it_is_the_mean_of_the_lowest_by_sorting(share):
    cam = torch.randn(2, 3, 5, 7)
    means = []
    for image in cam:
        scores = sorted(image.max(0).values.flatten().tolist())
        low = scores[: int(share * 35)]
        means.append(sum(max(score, 0) for score in low) / len(low))
    got = adaptive_min_pooling(cam, share).item()
    assert got == pytest.approx(sum(means) / 2, rel=1e-5)
