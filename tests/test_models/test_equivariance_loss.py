import pytest
import torch

from projects.amr.models.losses import (
    EquivariantCrossRegularizationLoss,
    EquivariantRegularizationLoss,
    equivariant_cross_regularization,
    equivariant_regularization,
)


def test_er_closed_form():
    a = torch.tensor([[[[1.0, 0.5], [0.0, 0.2]]]])
    b = torch.tensor([[[[0.5, 0.5], [1.0, 0.0]]]])
    want = torch.tensor((0.5 + 0 + 1 + 0.2) / 4)
    torch.testing.assert_close(equivariant_regularization(a, b), want)
    torch.testing.assert_close(equivariant_regularization(b, a), want)
    assert equivariant_regularization(a, a) == 0
    loss = EquivariantRegularizationLoss(loss_weight=2.0)
    torch.testing.assert_close(loss(a, b), 2 * want)


@pytest.mark.parametrize('share', [0.2, 0.5, 1.0])
@pytest.mark.parametrize('count', [1, 2])
def test_ecr_is_the_mean_of_the_top_share_by_sorting(count, share):
    refined = torch.rand(count, 4, 3, 5)
    target = torch.rand(count, 4, 3, 5)
    means = []
    for one, other in zip(refined, target, strict=True):
        kept = other.clone()
        for y in range(3):
            for x in range(5):
                best = other[1:, y, x].argmax()
                for k in range(3):
                    if k != best:
                        kept[1 + k, y, x] = 0
        values = sorted((one - kept).abs().flatten().tolist(), reverse=True)
        top = values[: int(share * len(values))]
        means.append(sum(top) / len(top))
    loss = EquivariantCrossRegularizationLoss(0.5, share)
    want = sum(means) / count
    got = equivariant_cross_regularization(refined, target, share)
    assert got.item() == pytest.approx(want, rel=1e-5)
    assert loss(refined, target).item() == pytest.approx(want / 2, rel=1e-5)


def test_ecr_moves_the_refined_maps_alone_and_leaves_the_target_as_it_is():
    refined = torch.rand(2, 4, 3, 5, requires_grad=True)
    target = torch.rand(2, 4, 3, 5, requires_grad=True)
    before = target.detach().clone()
    EquivariantCrossRegularizationLoss()(refined, target).backward()
    assert target.grad is None
    assert torch.equal(target, before)
    # 12 of 60 values of each image, one in 24 of the mean each.
    moved = refined.grad.flatten(1).abs()
    assert (moved > 0).sum(1).tolist() == [12, 12]
    torch.testing.assert_close(
        moved[moved > 0], torch.full((24,), 1 / 24), rtol=1e-5, atol=0
    )
