"""Gated dense energy against a sum over all pairs of pixels."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from projects.amr.models.losses import DenseEnergyLoss, dense_energy
from projects.amr.ops.dense_energy import (
    LatticeKernel,
    energy_gate,
    gated_energy,
)

SIZE = (7, 9)


def scene(images=2, labels=3, seed=0, size=SIZE):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, (images, *size, 3)).astype(float)
    image[:, :, size[1] // 2 :] += 150
    probs = rng.dirichlet([1.0] * labels, (images, *size))
    known = rng.choice([0, 1, 255], (images, *size))
    return image, torch.from_numpy(probs.transpose(0, 3, 1, 2)), known


def pair_weight(image, first, second, sigma_xy, sigma_rgb):
    apart = np.subtract(first, second) / sigma_xy
    colour = (image[first] - image[second]) / sigma_rgb
    return np.exp(-((apart**2).sum() + (colour**2).sum()) / 2)


class ExactKernel:
    """All pairs, in float64."""

    def __init__(self, image, sigma_xy=5, sigma_rgb=40):
        places = np.array(list(np.ndindex(image.shape[:2]))) / sigma_xy
        points = np.hstack([places, image.reshape(-1, 3) / sigma_rgb])
        apart = ((points[:, None] - points) ** 2).sum(-1)
        self.weights = torch.from_numpy(np.exp(-apart / 2))

    def __call__(self, values, transposed=False):
        weights = self.weights.T if transposed else self.weights
        return weights @ values


def loop_energy(image, probs, gate, sigma_xy, sigma_rgb):
    total = 0
    for p in np.ndindex(image.shape[:2]):
        for q in np.ndindex(image.shape[:2]):
            weight = pair_weight(image, p, q, sigma_xy, sigma_rgb)
            agree = (probs[:, p[0], p[1]] * probs[:, q[0], q[1]]).sum()
            total -= float(gate[p]) * weight * float(agree)
    return total


def test_energy_is_the_sum_over_pairs():
    image, probs, _ = scene()
    gate = torch.from_numpy(np.random.default_rng(1).random((2, *SIZE)))
    got = gated_energy(probs, gate, [ExactKernel(own) for own in image])
    want = [
        loop_energy(own, p, g, 5, 40)
        for own, p, g in zip(image, probs, gate, strict=True)
    ]
    np.testing.assert_allclose(got, want)


@pytest.mark.parametrize('exact', [True, False])
def test_gradient_is_that_of_the_energy(exact):
    image, probs, _ = scene(images=1, size=(4, 5))
    gate = torch.from_numpy(np.random.default_rng(1).random((1, 4, 5)))
    kernel = ExactKernel(image[0]) if exact else LatticeKernel(image[0], 5, 40)
    probs.requires_grad_()
    # A quadratic form: differences are exact at any step. The lattice works
    # in float32.
    assert torch.autograd.gradcheck(
        lambda values: gated_energy(values, gate, [kernel]),
        probs,
        eps=1e-2,
        atol=1e-8 if exact else 2e-3,
        rtol=1e-6 if exact else 1e-2,
    )


def test_the_lattice_is_the_sum_up_to_its_factor():
    image, _, _ = scene(images=1, size=(21, 23))
    ratios = []
    for seed in range(4):
        _, probs, _ = scene(images=1, seed=seed, size=(21, 23))
        gate = torch.ones(1, 21, 23, dtype=torch.float64)
        exact = gated_energy(probs, gate, [ExactKernel(image[0], 12, 40)])
        lattice = gated_energy(probs, gate, [LatticeKernel(image[0], 12, 40)])
        ratios.append(float(lattice / exact))
    assert 0.4 < min(ratios) <= max(ratios) < 1.05 * min(ratios) < 1.2


def test_gate_is_open_without_a_label_and_else_the_doubt():
    probs = torch.tensor([[[[0.9, 0.6, 0.2, 0.7]], [[0.1, 0.4, 0.8, 0.3]]]])
    labels = torch.tensor([[[255, 0, 1, 0]]])
    valid = torch.tensor([[[1, 1, 1, 0]]])
    got = energy_gate(probs, labels, valid)
    torch.testing.assert_close(got, torch.tensor([[[1, 0.4, 0.2, 0.0]]]))


def test_loss_at_full_size_is_the_gated_energy_of_the_lattice():
    image, probs, known = scene()
    labels = torch.from_numpy(known)
    images = torch.from_numpy(image).permute(0, 3, 1, 2)
    valid = torch.ones_like(labels)
    valid[:, :, 7:] = 0
    got = dense_energy(
        images, probs, labels, valid, sigma_rgb=40, sigma_xy=5, scale=1
    )
    gate = energy_gate(probs, labels, valid)
    kernels = [LatticeKernel(own, 5, 40) for own in image]
    want = gated_energy(probs * valid[:, None], gate, kernels).mean()
    torch.testing.assert_close(got, want)
    loss = MODELS.build(
        {
            'type': 'DenseEnergyLoss',
            'loss_weight': 3,
            'sigma_rgb': 40,
            'sigma_xy': 5,
            'scale': 1,
        }
    )
    torch.testing.assert_close(loss(images, probs, labels, valid), 3 * want)
    plain = loss(images, probs, labels, torch.ones_like(labels))
    assert plain < 3 * want < 0


def test_half_size_has_half_the_distance():
    """Of a scene whose every pixel is enlarged to four."""
    image, probs, known = scene()
    labels = torch.from_numpy(known)
    images = torch.from_numpy(image).permute(0, 3, 1, 2)
    options = {'sigma_rgb': 40}
    given = images, probs, labels, torch.ones_like(labels)
    want = dense_energy(*given, **options, sigma_xy=5, scale=1)
    large = [
        values.repeat_interleave(2, -1).repeat_interleave(2, -2)
        for values in given
    ]
    got = dense_energy(*large, **options, sigma_xy=10, scale=0.5)
    torch.testing.assert_close(got, want)


def test_padding_and_sure_labels_get_no_gradient():
    image, probs, known = scene()
    images = torch.from_numpy(image).permute(0, 3, 1, 2)
    labels = torch.zeros_like(torch.from_numpy(known))
    labels[:, :3] = 255
    valid = torch.ones_like(labels)
    valid[:, :, 6:] = 0
    probs.requires_grad_()
    dense_energy(images, probs, labels, valid, scale=1).backward()
    assert not probs.grad[..., 6:].any()
    assert (probs.grad[:, :, :3, :6] < 0).all()
    # Half size on odd sides, float32, as in training.
    probs = probs.detach().float().requires_grad_()
    valid = torch.ones_like(labels)
    value = DenseEnergyLoss()(images.float(), probs, labels, valid)
    value.backward()
    assert -1e-3 < value.item() < 0
    assert probs.grad.isfinite().all()
