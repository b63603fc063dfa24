import math

import pytest
import torch
from pixel_pairs import pairs_inside
from torch import multiprocessing

from projects.amr.models.losses import AffinityLoss, affinity_loss
from projects.amr.ops.affinity import pairwise_affinity
from projects.amr.ops.affinity_labels import affinity_labels

EPS = 1e-5


def seeds(count=2, size=(6, 7), values=(0, 1, 2, 255)):
    picks = torch.randint(len(values), (count, *size))
    return torch.tensor(values)[picks]


def pairs_by_hand(seed, radius):
    """All judged pairs: (group, map, offset index, source)."""
    for n, own in enumerate(seed):
        for p, source, partner in pairs_inside(own.shape, radius):
            a, b = own[source].item(), own[partner].item()
            if 255 not in (a, b):
                group = 'neg' if a != b else 'fg' if a else 'bg'
                yield group, n, p, source


def mean(values):
    return sum(values) / len(values) if values else 0.0


def test_affinity_loss_equals_a_loop_over_pairs():
    seed, radius = seeds(), 3
    boundary = torch.rand(2, 6, 7, dtype=torch.float64)
    affinity = pairwise_affinity(boundary, radius)
    cost = {'bg': [], 'fg': [], 'neg': []}
    for group, n, p, (y, x) in pairs_by_hand(seed, radius):
        a = affinity[n, p, y, x].item()
        cost[group].append(-math.log((1 - a if group == 'neg' else a) + EPS))
    assert all(cost.values())
    labels = affinity_labels(seed, radius)
    got = [x.item() for x in affinity_loss(affinity, labels)]
    assert got == pytest.approx([mean(x) for x in cost.values()])
    total = AffinityLoss()(affinity, labels)
    assert list(total) == [
        'loss_aff_pos_bg',
        'loss_aff_pos_fg',
        'loss_aff_neg',
    ]
    positive = (mean(cost['bg']) + mean(cost['fg'])) / 2
    want = (positive + mean(cost['neg'])) / 2
    assert sum(total.values()).item() == pytest.approx(want)


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (0, {'loss_aff_pos_bg': 0.25}),
        (3, {'loss_aff_pos_fg': 0.25}),
        (255, {}),
        (None, {'loss_aff_neg': 0.5}),
    ],
)
def test_closed_forms_of_one_group_and_of_none(value, expected):
    seed = torch.tensor([[[0, 1]]] if value is None else [[[value] * 2]])
    affinity = torch.full((1, 4, 1, 2), 0.3, requires_grad=True)
    losses = AffinityLoss()(affinity, affinity_labels(seed, 2))
    p = 0.7 if value is None else 0.3
    for key, loss in losses.items():
        want = -expected.get(key, 0) * math.log(p + EPS)
        assert loss.item() == pytest.approx(want, rel=1e-5)
    sum(losses.values()).backward()
    slope = sum(expected.values()) / (p + EPS)
    slope = slope if value is None else -slope
    assert affinity.grad.sum().item() == pytest.approx(slope, rel=1e-5)


def test_certain_and_wrong_pairs_stay_finite():
    labels = affinity_labels(torch.tensor([[[0, 0, 1]]]), 2)
    affinity = torch.tensor([0.0, 1.0, 0.0]).expand(1, 4, 1, 3).clone()
    affinity.requires_grad_()
    losses = AffinityLoss()(affinity.half(), labels)
    assert losses['loss_aff_pos_bg'].item() == pytest.approx(
        -0.25 * math.log(EPS), rel=1e-5
    )
    assert losses['loss_aff_neg'].item() == pytest.approx(
        -0.5 * math.log(EPS), rel=1e-5
    )
    sum(losses.values()).backward()
    assert affinity.grad.isfinite().all()


def total_loss(boundary, seed):
    labels = affinity_labels(seed, 3)
    affinity = pairwise_affinity(boundary, 3)
    losses = AffinityLoss()(affinity, labels)
    return torch.stack(list(losses.values()))


def global_batch():
    """Three maps with very different numbers of pairs of each kind."""
    generator = torch.Generator().manual_seed(3)
    seed = torch.full((3, 6, 7), 255)
    seed[0] = torch.randint(3, (6, 7), generator=generator)
    seed[1, 2, 2:4] = 1
    seed[2, :2] = 0
    draw = {'generator': generator, 'dtype': torch.float64}
    return torch.rand(3, 6, 7, **draw), seed


def run_rank(rank, folder):
    """One of two ranks: the first has the first map, the other the rest."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    part = slice(0, 1) if rank == 0 else slice(1, 3)
    boundary, seed = (x[part].clone() for x in global_batch())
    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    losses = total_loss(boundary * weight, seed)
    losses.sum().backward()
    torch.save((losses.detach(), weight.grad), f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


def test_two_ranks_with_unequal_pairs_equal_one(tmp_path):
    multiprocessing.spawn(run_rank, (str(tmp_path),), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    boundary, seed = global_batch()
    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    losses = total_loss(boundary * weight, seed)
    losses.sum().backward()
    for index, want in enumerate((losses.detach(), weight.grad)):
        got = torch.stack([rank[index] for rank in ranks])
        torch.testing.assert_close(got.mean(0), want)
        assert not torch.allclose(got[0], got[1])
