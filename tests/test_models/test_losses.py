import pytest
import torch
import torch.nn.functional as F

from projects.amr.models.losses import (
    CrossPseudoSupervisionLoss,
    MultiLabelSoftMarginLoss,
    cross_pseudo_supervision,
    multilabel_soft_margin_loss,
)


def test_soft_margin_is_equation_9_and_torchs():
    logits = torch.randn(3, 5, dtype=torch.float64)
    target = (torch.rand(3, 5) > 0.5).double()
    p = 1 / (1 + torch.exp(-logits))
    by_hand = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    got = multilabel_soft_margin_loss(logits, target)
    torch.testing.assert_close(got, by_hand)
    torch.testing.assert_close(
        got, F.multilabel_soft_margin_loss(logits, target)
    )
    assert multilabel_soft_margin_loss(logits, target.bool()) == got
    weighted = MultiLabelSoftMarginLoss(loss_weight=0.25)(logits, target)
    torch.testing.assert_close(weighted, by_hand / 4)


@pytest.mark.parametrize('size', [1e2, 1e4, 1e30])
def test_extreme_logits_cost_their_size_where_they_are_wrong(size):
    """log(1 + exp(-y)) is -y there: linear, and no nan on the way."""
    logits = torch.tensor([[size, -size, size, -size]], requires_grad=True)
    target = torch.tensor([[1, 0, 0, 1]])
    loss = multilabel_soft_margin_loss(logits, target)
    torch.testing.assert_close(loss, torch.tensor(size / 2))
    loss.backward()
    want = torch.tensor([[0.0, 0.0, 0.25, -0.25]])
    torch.testing.assert_close(logits.grad, want)


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'rectify': True},
        {'normalize': True},
        {'rectify': True, 'pairing': 'first_two'},
        {'normalize': True, 'beta': 0.5},
    ],
)
def test_cps_gradients_by_finite_differences(options):
    loss = CrossPseudoSupervisionLoss(loss_weight=0.3, **options)
    a, b = (
        torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
        for _ in range(2)
    )
    assert torch.autograd.gradcheck(loss, (a, b))


def test_cps_closed_form():
    a = torch.tensor([[[[1.0, -2.0], [0.0, 3.0]]]])
    b = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    # |1| + |-3| + 0 + |2| over four values; rectified: |1| + |-1| + 0 + |2|.
    assert cross_pseudo_supervision(a, b) == 1.5
    assert CrossPseudoSupervisionLoss()(a, b) == 1.5
    assert CrossPseudoSupervisionLoss(rectify=True)(a, b) == 1
    # Normalised: [1/3, 0, 0, 1] against [0, 1, 0, 1].
    normalised = CrossPseudoSupervisionLoss(normalize=True)(a, b)
    torch.testing.assert_close(normalised, torch.tensor(1 / 3))
    assert CrossPseudoSupervisionLoss(loss_weight=2.0)(a, b) == 3


def test_cps_of_labelled_classes():
    torch.manual_seed(0)
    a, b = torch.randn(2, 3, 5, 7), torch.randn(2, 3, 5, 7)
    labels = torch.tensor([[1, 0, 0], [1, 0, 1]])
    gap = (a - b).abs()
    mean = CrossPseudoSupervisionLoss(labelled_only=True)
    chosen = torch.stack([gap[0, 0], gap[1, 0], gap[1, 2]])
    torch.testing.assert_close(mean(a, b, labels), chosen.mean())
    assert mean(a, b, torch.zeros(2, 3)) == 0
    with pytest.raises(ValueError, match='labels'):
        mean(a, b)


def test_smooth_cps_pulls_less_the_nearer_the_branches_are():
    a = torch.tensor([0.1, 0.3, 2.0]).view(1, 1, 1, 3).requires_grad_()
    loss = CrossPseudoSupervisionLoss(beta=0.5)
    loss(a, torch.zeros_like(a)).backward()
    # Slope x / beta below beta, 1 above, of a mean over three.
    assert (3 * a.grad).flatten().tolist() == pytest.approx([0.2, 0.6, 1.0])


def test_released_pairing_adds_first_and_mirrored_second_image():
    a, b = torch.randn(4, 3, 5, 7), torch.randn(4, 3, 5, 7)
    loss = CrossPseudoSupervisionLoss(pairing='first_two', rectify=True)
    pair = [x.relu()[0] + x.relu()[1].flip(-1) for x in (a, b)]
    torch.testing.assert_close(loss(a, b), (pair[0] - pair[1]).abs().mean())
    a[2:] = 0  # the others never count
    torch.testing.assert_close(loss(a, b), (pair[0] - pair[1]).abs().mean())
    with pytest.raises(ValueError, match='two images'):
        loss(a[:1], b[:1])


def test_maps_of_another_size_are_refused():
    with pytest.raises(ValueError, match='output stride'):
        cross_pseudo_supervision(
            torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 6, 6)
        )


@pytest.mark.parametrize('branch', [None, 'spotlight', 'compensation'])
def test_stop_gradient_spares_one_branch(branch):
    cams = {
        name: torch.randn(1, 2, 3, 3, requires_grad=True)
        for name in ('spotlight', 'compensation')
    }
    CrossPseudoSupervisionLoss(stop_gradient=branch)(*cams.values()).backward()
    moved = {name for name, cam in cams.items() if cam.grad is not None}
    assert moved == set(cams) - {branch}
