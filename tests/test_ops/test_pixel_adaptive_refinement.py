"""Pixel-adaptive refinement against a loop over pixels."""

import numpy as np
import pytest
import torch

from projects.amr.ops import pixel_adaptive_refinement as module
from projects.amr.ops.pixel_adaptive_refinement import (
    pixel_adaptive_refinement,
)


def softmax(values):
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def brute_force(image, scores, dilations, num_iters):
    """The released rule for one image (3, H, W), then divided by its sum."""
    _, height, width = image.shape
    ring = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]
    steps = [(y * d, x * d) for d in dilations for y, x in ring]
    radius = np.array([np.hypot(*step) for step in steps])
    position = softmax(-((radius / radius.std(ddof=1) / 0.3) ** 2))
    places = {
        (y, x): [
            (np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1))
            for dy, dx in steps
        ]
        for y, x in np.ndindex(height, width)
    }
    for _ in range(num_iters):
        new = np.zeros_like(scores)
        for (y, x), near in places.items():
            around = np.array([image[:, b, a] for b, a in near])
            std = around.std(0, ddof=1) + 1e-8
            likeness = -(((image[:, y, x] - around) / std / 0.3) ** 2)
            share = softmax(likeness.mean(1)) + 0.01 * position
            share /= share.sum()
            values = np.array([scores[:, b, a] for b, a in near])
            new[:, y, x] = share @ values
        scores = new
    return scores


def scene(height=7, width=9, seed=0):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (3, height, width)).astype(np.float64)
    return image, rng.random((4, height, width))


def refine(image, scores, **options):
    tensors = (torch.from_numpy(np.array(x))[None] for x in (image, scores))
    return pixel_adaptive_refinement(*tensors, **options)[0].numpy()


@pytest.mark.parametrize(
    'dilations', [(1,), (1, 3), (2, 24), module.DILATIONS]
)
@pytest.mark.parametrize('num_iters', [0, 1, 3])
def test_it_equals_the_loop(monkeypatch, dilations, num_iters):
    monkeypatch.setattr(module, 'DILATIONS', dilations)
    image, scores = scene()
    got = refine(image, scores, num_iters=num_iters)
    want = brute_force(image, scores, dilations, num_iters)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_it_is_linear_and_a_batch_is_its_images():
    (image, scores), (second, other) = scene(), scene(seed=1)
    both = refine(image, 2 * scores - other)
    apart = 2 * refine(image, scores) - refine(image, other)
    np.testing.assert_allclose(both, apart, atol=1e-5)
    batch = pixel_adaptive_refinement(
        torch.from_numpy(np.stack([image, second])),
        torch.from_numpy(np.stack([scores, other])),
    )
    np.testing.assert_allclose(batch[1], refine(second, other), atol=1e-6)


def test_scores_follow_edges_of_the_image():
    image = np.zeros((3, 23, 37))
    image[:, :, 20:] = 200
    truth = (image[:1] > 0).astype(float)
    noise = np.random.default_rng(0).random(truth.shape) < 0.2
    noisy = np.abs(truth - noise)
    refined = refine(image, noisy) > 0.5
    assert (refined == truth).mean() > 0.98 > (noisy == truth).mean() + 0.1
