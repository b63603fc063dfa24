import math

import pytest
import torch
from mmseg.registry import MODELS
from segmentor_configs import head_config, labelled

from projects.amr.models.losses import (
    BalancedCrossEntropyLoss,
    balanced_cross_entropy,
)

LOG3 = math.log(3)


def two_by_two():
    """Logits whose probabilities are (3/4, 1/4) and its mirror image."""
    logits = torch.zeros(1, 2, 2, 2)
    logits[0, 0, 0] = LOG3  # first row: background 3/4
    logits[0, 1, 1] = LOG3  # second row: foreground 3/4
    return logits


@pytest.mark.parametrize(
    ('target', 'want'),
    [
        # The first row's pixels: background 3/4; the second's: 1/4.
        (
            [[0, 1], [0, 1]],
            (math.log(4 / 3) + math.log(4)) / 2  # background: right, wrong
            + (math.log(4) + math.log(4 / 3)) / 2,  # foreground: wrong, right
        ),
        (
            [[0, 0], [0, 1]],
            (2 * math.log(4 / 3) + math.log(4)) / 3 + math.log(4 / 3),
        ),
        # Ignored pixels are in neither group.
        ([[0, 255], [255, 1]], 2 * math.log(4 / 3)),
        ([[0, 0], [255, 255]], math.log(4 / 3)),  # no foreground
        ([[1, 1], [255, 255]], math.log(4)),  # no background
        ([[255, 255], [255, 255]], 0.0),
    ],
)
def test_closed_form(target, want):
    logits = two_by_two().requires_grad_()
    loss = balanced_cross_entropy(logits, torch.tensor([target]))
    assert loss.item() == pytest.approx(want)
    loss.backward()
    assert logits.grad.isfinite().all()


def test_other_ignore_index():
    logits, target = two_by_two(), torch.tensor([[[0, 1], [0, 1]]])
    got = balanced_cross_entropy(logits, target, ignore_index=1)
    want = (math.log(4 / 3) + math.log(4)) / 2
    assert got.item() == pytest.approx(want)


def test_a_head_takes_it_with_weight_and_name():
    loss = {
        'type': 'BalancedCrossEntropyLoss',
        'loss_weight': 0.5,
        'loss_name': 'loss_other',
    }
    head = MODELS.build(head_config(loss_decode=loss))
    logits, samples = torch.randn(2, 4, 33, 47), labelled()
    labels = torch.cat([s.gt_sem_seg.data for s in samples])
    got = head.loss_by_feat(logits, samples)['loss_other']
    want = balanced_cross_entropy(logits, labels) / 2
    torch.testing.assert_close(got, want)
    assert BalancedCrossEntropyLoss().loss_name == 'loss_balanced_ce'


def test_pixel_weights_are_refused():
    logits, target = two_by_two(), torch.zeros(1, 2, 2, dtype=torch.long)
    with pytest.raises(ValueError, match='sampler'):
        BalancedCrossEntropyLoss()(logits, target, weight=torch.ones(1, 2, 2))
