"""BES's loss against a loop over pixels."""

import math

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from projects.amr.models.losses import boundary_exploration_loss


def loop(logits, labels):
    sums, counts = [0, 0, 0], [1, 1, 1]
    for place, label in np.ndenumerate(labels.numpy()):
        if label == 255:
            continue
        logit = float(logits[:, 0][place])
        p = 1 / (1 + math.exp(-logit))
        p = min(max(p, 1e-4), 1 - 1e-4)
        value = -math.log(p) * p**0.5 if label == 2 else -math.log(1 - p)
        sums[label] += value
        counts[label] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return (means[0] + means[1]) / 2 + means[2]


@pytest.mark.parametrize('kinds', [[0, 1, 2, 255], [2], [0, 255], [255]])
def test_it_equals_the_loop(kinds):
    generator = torch.Generator().manual_seed(0)
    logits = 9 * torch.randn(2, 1, 5, 7, generator=generator)
    labels = np.random.default_rng(0).choice(kinds, (2, 5, 7))
    labels = torch.from_numpy(labels)
    got = boundary_exploration_loss(logits, labels)
    assert float(got) == pytest.approx(loop(logits, labels), rel=1e-4)
    weighted = MODELS.build(
        {'type': 'BoundaryExplorationLoss', 'loss_weight': 3}
    )
    torch.testing.assert_close(weighted(logits, labels), 3 * got)


def test_the_factor_of_boundaries_has_no_gradient():
    logits = torch.tensor([0.4], requires_grad=True)
    labels = torch.full((1, 1, 1), 2)
    boundary_exploration_loss(logits.reshape(1, 1, 1, 1), labels).backward()
    p = 1 / (1 + math.exp(-0.4))
    assert logits.grad.item() == pytest.approx(-(p**0.5) * (1 - p) / 2)
