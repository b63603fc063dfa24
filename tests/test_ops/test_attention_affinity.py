"""Attention affinity against loops over blocks, heads and patches."""

import numpy as np
import pytest
import torch

from projects.amr.ops import attention_affinity as module
from projects.amr.ops.attention_affinity import (
    balanced_affinity,
    class_aware_affinity,
    patch_attention,
    peak_boxes,
    spread_by_attention,
)

HEIGHT, WIDTH, PREFIX = 3, 5, 2
PATCHES = HEIGHT * WIDTH


def attentions(layers=4, images=2, heads=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    size = (images, heads, PREFIX + PATCHES, PREFIX + PATCHES)
    return [
        (3 * torch.randn(size, generator=generator)).softmax(-1)
        for _ in range(layers)
    ]


def maps(images=2, classes=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(images, classes, HEIGHT, WIDTH, generator=generator) ** 3


def loop_weights(given, image, layers):
    """Mean over the last blocks and heads, one pair at a time."""
    result = np.zeros((PATCHES, PATCHES))
    for block in given[-layers:]:
        for head in block[image].numpy():
            for i, j in np.ndindex(PATCHES, PATCHES):
                result[i, j] += head[PREFIX + i, PREFIX + j]
    return result / (layers * len(given[0][image]))


@pytest.mark.parametrize('layers', [None, 1, 3])
def test_attention_is_the_mean_of_blocks_and_heads(layers):
    given = attentions()
    got = patch_attention(given, PATCHES, layers)
    for image in range(2):
        want = loop_weights(given, image, layers or 4)
        np.testing.assert_allclose(got[image], want, rtol=1e-5)
    assert (got.sum(-1) < 1).all()
    whole = patch_attention(given, PREFIX + PATCHES)
    torch.testing.assert_close(whole.sum(-1), torch.ones(2, PREFIX + PATCHES))


def test_a_patch_takes_what_it_attends_to():
    weights = patch_attention(attentions(), PATCHES)
    cam = maps()
    got = spread_by_attention(cam, weights).flatten(2)
    for b, k, i in np.ndindex(2, 2, PATCHES):
        values = weights[b, i] * cam[b, k].flatten()
        assert float(got[b, k, i]) == pytest.approx(float(values.sum()))
    own = torch.eye(PATCHES).expand(2, -1, -1)
    torch.testing.assert_close(spread_by_attention(cam, own), cam)


def loop_balanced(weights, rounds):
    weights = weights.copy()
    for _ in range(rounds):
        for j in range(PATCHES):
            weights[:, j] /= sum(weights[:, j])
        for i in range(PATCHES):
            weights[i] /= sum(weights[i])
    half = np.array(
        [
            [(weights[i, j] + weights[j, i]) / 2 for j in range(PATCHES)]
            for i in range(PATCHES)
        ]
    )
    pairs = [half[i] @ half[:, j] for i, j in np.ndindex(half.shape)]
    return np.reshape(pairs, half.shape)


@pytest.mark.parametrize('rounds', [1, 3])
def test_balancing_by_hand(rounds, monkeypatch):
    monkeypatch.setattr(module, 'SINKHORN_ROUNDS', rounds)
    weights = patch_attention(attentions(), PATCHES)
    got = balanced_affinity(weights)
    for image in range(2):
        want = loop_balanced(weights[image].double().numpy(), rounds)
        np.testing.assert_allclose(got[image], want, rtol=1e-4)


def test_many_rounds_make_it_doubly_stochastic(monkeypatch):
    monkeypatch.setattr(module, 'SINKHORN_ROUNDS', 200)
    weights = patch_attention(attentions(), PATCHES).double()
    got = balanced_affinity(weights)
    ones = torch.ones(2, PATCHES, dtype=torch.float64)
    torch.testing.assert_close(got.sum(-1), ones)
    torch.testing.assert_close(got, got.transpose(1, 2))
    constant = torch.full((2, 1, HEIGHT, WIDTH), 0.7).double()
    torch.testing.assert_close(spread_by_attention(constant, got), constant)


def test_boxes_hold_connected_parts():
    cam = torch.zeros(2, 6, 9)
    cam[0, 0, 0], cam[0, 1, 1] = 1, 0.5  # one part, by its corners
    cam[0, 4, 5:8], cam[0, 3, 7], cam[0, 5, 0] = 0.6, 0.7, 0.3
    want = torch.zeros(2, 6, 9, dtype=torch.bool)
    want[0, :2, :2] = want[0, 3:5, 5:8] = True
    assert torch.equal(peak_boxes(cam), want)
    assert torch.equal(peak_boxes(cam[0]), want[0])
    assert torch.equal(peak_boxes(7 * cam), want)
    assert not peak_boxes(-torch.ones(3, 4)).any()


def test_a_class_takes_from_its_boxes_alone():
    weights = patch_attention(attentions(), PATCHES)
    cam = maps()
    got = class_aware_affinity(cam, weights).flatten(2)
    affinity, boxes = balanced_affinity(weights), peak_boxes(cam)
    for b, k, i in np.ndindex(2, 2, PATCHES):
        inside = boxes[b, k].flatten()
        values = affinity[b, i][inside] * cam[b, k].flatten()[inside]
        assert float(got[b, k, i]) == pytest.approx(float(values.sum()))
    assert not boxes.all()
