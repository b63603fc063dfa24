"""Token maps, scores and losses against loops over single values."""

import numpy as np
import pytest
import torch

from projects.amr.ops.attention_affinity import (
    class_aware_affinity,
    patch_attention,
    refine_by_attention,
    spread_by_attention,
)
from projects.amr.ops.attention_cam import (
    class_attention,
    class_token_contrast,
    rank_pool,
    softmax_target,
    token_grad_cam,
)

SIZE = (3, 5)
CLASSES = 4


def attentions(layers=3, images=2, heads=2):
    size = (images, heads, CLASSES + 15, CLASSES + 15)
    return [torch.randn(size).mul(2).softmax(-1) for _ in range(layers)]


def test_rank_pooling_by_hand():
    cam = torch.randn(2, CLASSES, *SIZE)
    got = rank_pool(cam)
    for n, k in np.ndindex(2, CLASSES):
        values = sorted(cam[n, k].flatten().tolist(), reverse=True)
        weights = [0.996**rank for rank in range(len(values))]
        want = np.dot(values, weights) / sum(weights)
        assert float(got[n, k]) == pytest.approx(want, abs=1e-6)


def test_class_attention_by_hand():
    given = attentions()
    got = class_attention(given, SIZE)
    for n, k, y, x in np.ndindex(2, CLASSES, *SIZE):
        column = CLASSES + y * SIZE[1] + x
        values = [
            float(head[k, column]) for block in given for head in block[n]
        ]
        assert float(got[n, k, y, x]) == pytest.approx(np.mean(values))


def test_contrast_by_hand():
    tokens = [torch.randn(2, CLASSES, 6) for _ in range(3)]
    labels = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]])
    losses = []
    for block in tokens:
        for n, k in labels.nonzero().tolist():
            own = block[n, k].numpy()
            cosines = [
                own @ other / np.linalg.norm(own) / np.linalg.norm(other)
                for other in block[n].numpy()
            ]
            total = sum(np.exp(cosines))
            losses.append(-np.log(np.exp(cosines[k]) / total))
    got = class_token_contrast(tokens, labels)
    assert float(got) == pytest.approx(np.mean(losses), rel=1e-5)
    assert float(class_token_contrast(tokens, 0 * labels)) == 0


def test_contrast_is_least_where_tokens_are_opposite():
    labels = torch.ones(1, 2)
    same = class_token_contrast([torch.ones(1, 2, 3)], labels)
    apart = class_token_contrast([torch.eye(2)[None]], labels)
    assert float(same) == pytest.approx(np.log(2))
    assert float(apart) == pytest.approx(np.log(1 + np.exp(-1)))


def test_probabilities_are_among_labelled_classes_and_background():
    logits = 3 * torch.randn(3, CLASSES + 2)
    labelled = torch.tensor(
        [[True, False, True, False], [False, True, False, False], [False] * 4]
    )
    got = softmax_target(logits, labelled)
    for n, k in np.ndindex(3, CLASSES):
        taken = [*labelled[n].nonzero()[:, 0].tolist(), 4, 5]
        total = sum(np.exp(float(logits[n, j])) for j in taken)
        want = np.exp(float(logits[n, k])) / total if k in taken else 0
        assert float(got[n, k]) == pytest.approx(want, rel=1e-5)


def test_without_background_and_labels_nothing_is_probable():
    logits = torch.randn(2, CLASSES, requires_grad=True)
    got = softmax_target(logits, torch.zeros(2, CLASSES, dtype=torch.bool))
    assert torch.equal(got, torch.zeros(2, CLASSES))
    got.sum().backward()
    assert logits.grad.isfinite().all()


def test_grad_cam_of_tokens_by_hand():
    tokens, gradient = torch.randn(2, 2, 16, 6)
    got = token_grad_cam(tokens, gradient, SIZE)
    for n in range(2):
        weights = [float(gradient[n, 1:, c].mean()) for c in range(6)]
        values = [
            max(0.0, float(np.dot(tokens[n, 1 + p].numpy(), weights)))
            for p in range(15)
        ]
        low, high = min(values), max(values)
        want = (np.array(values) - low) / (high - low)
        np.testing.assert_allclose(got[n].flatten(), want, atol=1e-5)
    small = token_grad_cam(tokens, 2.0**-40 * gradient, SIZE)
    torch.testing.assert_close(small, got)


def test_both_rules_get_the_patches_of_the_last_blocks():
    given, cam = attentions(), torch.rand(2, 3, *SIZE)
    weights = patch_attention(given, 15, 2)
    for rule, function in {
        'mctformer': spread_by_attention,
        'clip_es': class_aware_affinity,
    }.items():
        got = refine_by_attention(cam, given, rule, 2)
        torch.testing.assert_close(got, function(cam, weights))


@pytest.mark.parametrize('rule', ['mctformer', 'clip_es'])
def test_autocast_costs_no_digits(rule):
    cam, tokens = torch.rand(2, CLASSES, *SIZE), torch.randn(2, CLASSES, 64)
    given = attentions()

    def results():
        return (
            rank_pool(cam),
            class_token_contrast([tokens], torch.ones(2, CLASSES)),
            refine_by_attention(cam, given, rule),
        )

    with torch.autocast('cpu', dtype=torch.bfloat16):
        got = results()
        half = refine_by_attention(cam.bfloat16(), given, rule)
    torch.testing.assert_close(got, results())
    torch.testing.assert_close(half, got[-1], rtol=0.02, atol=0.02)
