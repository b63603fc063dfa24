"""Local mean field against a brute force over all pairs of pixels."""

import pytest
import torch

from projects.amr.ops.local_refinement import local_mean_field, window_offsets

GAUSSIAN = {'sxy': 3, 'compat': 3}
BILATERAL = {'sxy': 50, 'srgb': 20, 'compat': 10}
KERNELS = {'gaussian': GAUSSIAN, 'bilateral': BILATERAL}


def make_batch(num=2, num_labels=3, height=7, width=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(
        num, 3, height, width, generator=generator, dtype=torch.float64
    )
    unary = torch.rand(
        num, num_labels, height, width, generator=generator
    ).double()
    return 60 * images, 3 * unary


def brute_force(image, unary, num_iters, connected):
    """One image; ``connected`` (HW, HW) says which pairs are in a window."""
    height, width = image.shape[-2:]
    grid = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing='ij'
    )
    place = torch.stack(grid, -1).reshape(-1, 2).double()
    colour = image.reshape(3, -1).T
    coupling = 0
    for kernel in (GAUSSIAN, BILATERAL):
        energy = (torch.cdist(place, place) / kernel['sxy']) ** 2
        if 'srgb' in kernel:
            energy += (torch.cdist(colour, colour) / kernel['srgb']) ** 2
        values = torch.exp(-energy / 2) * connected
        root = values.sum(1) ** -0.5
        coupling = coupling + kernel['compat'] * root[:, None] * values * root
    energy = unary.flatten(1)
    marginals = torch.softmax(-energy, 0)
    for _ in range(num_iters):
        marginals = torch.softmax(-energy + marginals @ coupling, 0)
    return marginals.reshape(unary.shape)


def window_mask(height, width, radius, dilations):
    """Loop over all pairs of pixels."""
    pixels = [(y, x) for y in range(height) for x in range(width)]
    mask = torch.zeros(len(pixels), len(pixels), dtype=torch.float64)
    for i, (y, x) in enumerate(pixels):
        for j, (v, u) in enumerate(pixels):
            mask[i, j] = any(
                (v - y) % d == 0 == (u - x) % d
                and max(abs(v - y), abs(u - x)) <= radius * d
                for d in dilations
            )
    return mask


@pytest.mark.parametrize(
    ('radius', 'dilations'), [(1, (1,)), (2, (1, 2)), (1, (2, 3)), (8, (1,))]
)
@pytest.mark.parametrize('num_iters', [1, 5])
def test_equals_brute_force(radius, dilations, num_iters):
    """Radius 8 covers the 7 x 9 image: the dense mean field itself."""
    images, unary = make_batch()
    result = local_mean_field(
        images,
        unary,
        num_iters=num_iters,
        radius=radius,
        dilations=dilations,
        **KERNELS,
    )
    mask = window_mask(7, 9, radius, dilations)
    assert radius < 8 or mask.all()
    for image, energy, marginals in zip(images, unary, result, strict=True):
        expected = brute_force(image, energy, num_iters, mask)
        torch.testing.assert_close(marginals, expected)


def test_no_kernel_or_no_weight_gives_softmax():
    images, unary = make_batch()
    expected = torch.softmax(-unary, 1)
    off = {
        'gaussian': {**GAUSSIAN, 'compat': 0},
        'bilateral': {**BILATERAL, 'compat': 0},
    }
    for kernels in ({}, off, {**KERNELS, 'num_iters': 0}):
        result = local_mean_field(images, unary, **kernels)
        torch.testing.assert_close(result, expected)


def test_images_of_a_batch_are_independent():
    images, unary = make_batch(num=3)
    together = local_mean_field(images, unary, **KERNELS)
    for i in range(3):
        alone = local_mean_field(
            images[i : i + 1], unary[i : i + 1], **KERNELS
        )
        torch.testing.assert_close(together[i : i + 1], alone)


def test_padding_does_not_leak():
    images, unary = make_batch(height=9, width=13)
    valid = torch.zeros(2, 9, 13, dtype=torch.bool)
    valid[0, :6, :11] = valid[1, :9, :5] = True
    padded = local_mean_field(images, unary, valid=valid, **KERNELS)
    for i, (height, width) in enumerate([(6, 11), (9, 5)]):
        cut = (slice(i, i + 1), slice(None), slice(height), slice(width))
        alone = local_mean_field(images[cut], unary[cut], **KERNELS)
        torch.testing.assert_close(padded[cut], alone)


@pytest.mark.parametrize(('num_labels', 'size'), [(1, (5, 3)), (21, (1, 1))])
def test_odd_sizes(num_labels, size):
    images, unary = make_batch(1, num_labels, *size)
    result = local_mean_field(images.byte(), unary.float(), **KERNELS)
    assert result.shape == unary.shape
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.sum(1), torch.ones(1, *size))


def test_cleans_noise_and_keeps_the_edge():
    images = torch.full((1, 3, 23, 37), 40.0)
    images[..., 19:] = 200
    labels = (images[:, :1] > 100).float()
    generator = torch.Generator().manual_seed(0)
    flip = torch.rand(labels.shape, generator=generator) < 0.2
    noisy = torch.where(flip, 1 - labels, labels)
    probs = torch.cat([0.7 - 0.4 * noisy, 0.3 + 0.4 * noisy], 1)
    result = local_mean_field(images, -probs.log(), **KERNELS).argmax(1)
    assert (noisy == labels).float().mean() < 0.85
    assert torch.equal(result, labels[:, 0].long())


@pytest.mark.parametrize('name', ['gaussian', 'bilateral'])
def test_every_kernel_value_matters(name):
    images, unary = make_batch()
    usual = local_mean_field(images, unary, num_iters=1, **KERNELS)
    for key, value in KERNELS[name].items():
        changed = {**KERNELS, name: {**KERNELS[name], key: value / 8}}
        result = local_mean_field(images, unary, num_iters=1, **changed)
        assert (result - usual).abs().max() > 1e-4, key


def test_gradient_of_unary():
    images, unary = make_batch(1, 2, 3, 4)
    assert torch.autograd.gradcheck(
        lambda u: local_mean_field(images, u, num_iters=2, **KERNELS),
        unary.requires_grad_(),
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_cuda_equals_cpu():
    images, unary = (x.float() for x in make_batch(3, 5, 61, 47))
    expected = local_mean_field(images, unary, **KERNELS)
    result = local_mean_field(images.cuda(), unary.cuda(), **KERNELS)
    torch.testing.assert_close(result.cpu(), expected, atol=1e-4, rtol=1e-4)


def test_window_offsets_are_half_of_the_window():
    offsets = window_offsets(2, (1, 4), (50, 50))
    both = set(offsets) | {(-dy, -dx) for dy, dx in offsets}
    assert len(both) == 2 * len(offsets) == 48
    assert (0, 0) not in both
    assert (-8, 4) in both
    assert window_offsets(2, (1, 4), (1, 2)) == [(0, 1)]


@pytest.mark.parametrize(
    ('change', 'error', 'message'),
    [
        ({'radius': 0}, ValueError, '`radius` must'),
        ({'dilations': ()}, ValueError, '`dilations` must'),
        ({'dilations': (1, 0)}, ValueError, '`dilations` must'),
        ({'num_iters': -1}, ValueError, '`num_iters` must'),
        ({'images': torch.zeros(1, 3, 7, 9)}, ValueError, '`images` must'),
        ({'unary': torch.zeros(2, 7, 9)}, ValueError, '`unary` must'),
        ({'unary': torch.zeros(2, 3, 7, 9).long()}, ValueError, '`unary`'),
        ({'valid': torch.ones(2, 7, 9)}, ValueError, '`valid` must'),
        ({'gaussian': BILATERAL}, ValueError, '`gaussian` takes'),
        ({'bilateral': GAUSSIAN}, ValueError, '`bilateral` takes'),
        ({'gaussian': {'sxy': 0, 'compat': 1}}, ValueError, 'positive width'),
        ({'gaussian': {'sxy': 3}}, TypeError, 'compat'),
    ],
)
def test_bad_arguments(change, error, message):
    images, unary = make_batch()
    usual = {'images': images, 'unary': unary}
    with pytest.raises(error, match=message):
        local_mean_field(**{**usual, **change})
