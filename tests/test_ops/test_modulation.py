import math

import pytest
import torch
from torch.distributions import Normal

from projects.amr.ops import gaussian_modulation, threshold_modulation


@pytest.mark.parametrize('shape', [(1, 5, 1, 1), (2, 1, 7, 11)])
@pytest.mark.parametrize('unbiased', [False, True])
@pytest.mark.parametrize('stats', ['sample', 'batch'])
def test_density_is_torchs_normal(shape, unbiased, stats):
    x = torch.randn(shape, dtype=torch.float64) * 3 + 1
    got = gaussian_modulation(
        x, stats=stats, peak=False, unbiased=unbiased, eps=0
    )
    for image, value in zip(x, got, strict=True):
        own = image if stats == 'sample' else x
        normal = Normal(own.mean(), own.std(unbiased=unbiased))
        torch.testing.assert_close(value, normal.log_prob(image).exp())


def test_peak_form_is_the_density_over_its_maximum():
    x = torch.randn(2, 6, 1, 1, dtype=torch.float64)
    sigma = x.std((1, 2, 3), unbiased=False, keepdim=True)
    density = gaussian_modulation(x, peak=False, eps=0)
    torch.testing.assert_close(
        gaussian_modulation(x, eps=0), density * sigma * math.sqrt(2 * math.pi)
    )


@pytest.mark.parametrize('shape', [(1, 1), (2, 1, 1, 1), (3, 1, 2, 2)])
@pytest.mark.parametrize('unbiased', [False, True])
@pytest.mark.parametrize('stats', ['sample', 'batch'])
def test_values_without_deviation_are_the_peak(shape, unbiased, stats):
    """One channel, one pixel, one image: M - 1 may be 0 as well."""
    x = torch.full(shape, -7.0, requires_grad=True)
    for peak, want in ((True, 1.0), (False, (2 * math.pi * 1e-4) ** -0.5)):
        got = gaussian_modulation(
            x, stats=stats, unbiased=unbiased, peak=peak, eps=1e-4
        )
        torch.testing.assert_close(got, torch.full(shape, want))
        (slope,) = torch.autograd.grad(got.sum(), x)
        assert not slope.any()


def test_eps_is_added_to_the_variance():
    x = torch.tensor([[-2.0, 0.0, 2.0]], dtype=torch.float64)
    variance = 8 / 3 + 0.5
    want = [math.exp(-4 / (2 * variance)), 1, math.exp(-4 / (2 * variance))]
    got = gaussian_modulation(x, eps=0.5)[0].tolist()
    assert got == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'stats': 'batch', 'peak': False, 'unbiased': True, 'eps': 0.0},
        {'stats': 'batch', 'unbiased': True},
    ],
)
def test_gradients_by_finite_differences(options):
    x = torch.randn(2, 1, 2, 3, dtype=torch.float64, requires_grad=True)

    def modulate(values):
        return gaussian_modulation(values, **options)

    assert torch.autograd.gradcheck(modulate, x)


def test_gradient_with_and_without_that_of_the_statistics():
    x = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)

    def slope(detach):
        y = gaussian_modulation(x, detach_stats=detach)
        return torch.autograd.grad(y[0, 0], x)[0]

    assert slope(True)[0, 1:].abs().max() == 0
    assert slope(False)[0, 1:].abs().min() > 0


def test_threshold_table():
    x = torch.tensor([-1.0, 0.19, 0.2, 0.21, 5.0])
    got = threshold_modulation(x, threshold=0.2)
    assert got.tolist() == [0, 0, 1, 1, 1]


def test_threshold_gradient_is_the_sigmoids():
    x = torch.tensor([-1.0, 0.5], requires_grad=True)
    threshold_modulation(x, threshold=0.5).sum().backward()
    s = torch.sigmoid(x.detach() - 0.5)
    torch.testing.assert_close(x.grad, s * (1 - s))
