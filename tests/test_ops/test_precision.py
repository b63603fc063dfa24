"""What must not be rounded to eight bits, is not."""

import pytest
import torch
from pretended_gpu import cpu_autocast

from projects.amr.models.decode_heads import DeepLabV2Head
from projects.amr.models.losses import (
    balanced_cross_entropy,
    cross_pseudo_supervision,
    multilabel_soft_margin_loss,
)
from projects.amr.models.plugins import AttentionModulation
from projects.amr.ops import gaussian_modulation, normalize_cam, pool_logits
from projects.amr.ops.precision import at_least_float32, gradient_through


def half(*shape):
    return torch.randn(shape, dtype=torch.bfloat16)


def test_only_half_precision_is_widened():
    for dtype in (torch.float32, torch.float64):
        values = torch.ones(2, dtype=dtype)
        assert at_least_float32(values) is values
    for dtype in (torch.float16, torch.bfloat16):
        wide = at_least_float32(torch.full((2,), 1.5, dtype=dtype))
        assert wide.dtype == torch.float32
        assert wide.tolist() == [1.5, 1.5]


def test_losses_of_half_maps_are_those_of_the_same_values_in_float32():
    a, b, target = half(2, 3, 23, 37), half(2, 3, 23, 37), torch.eye(3)[:2]
    labels = torch.randint(0, 3, (2, 23, 37))
    for got, expected in (
        (pool_logits(a), pool_logits(a.float())),
        (normalize_cam(a), normalize_cam(a.float())),
        (gaussian_modulation(a), gaussian_modulation(a.float())),
        (
            cross_pseudo_supervision(a, b),
            cross_pseudo_supervision(a.float(), b.float()),
        ),
        (
            multilabel_soft_margin_loss(a[..., 0, 0], target),
            multilabel_soft_margin_loss(a[..., 0, 0].float(), target),
        ),
        (
            balanced_cross_entropy(a, labels),
            balanced_cross_entropy(a.float(), labels),
        ),
    ):
        assert got.dtype == torch.float32
        assert torch.equal(got, expected)


def test_a_faint_map_in_float16_has_its_peak_at_one():
    cam = torch.full((1, 2, 2), 2.0**-20, dtype=torch.float16)
    assert normalize_cam(cam).tolist() == [[[1.0, 1.0], [1.0, 1.0]]]


def test_gates_are_formed_in_float32_under_autocast():
    x = half(2, 8, 5, 7)
    for options in ({}, {'spatial_transform': 'max_mean'}):
        amm = AttentionModulation(8, **options)
        with torch.autocast('cpu', torch.bfloat16):
            gates = amm.channel_gate(x), amm.spatial_gate(x)
            assert amm(x).dtype == torch.bfloat16
        wide = amm.channel_gate(x.float()), amm.spatial_gate(x.float())
        for gate, expected in zip(gates, wide, strict=True):
            assert gate.dtype == torch.bfloat16
            assert torch.equal(gate, expected.bfloat16())
    assert amm.to('meta')(x.float().to('meta')).shape == x.shape  # counting
    whole = AttentionModulation(8).bfloat16()  # no autocast at all
    assert whole(x).dtype == torch.bfloat16


def test_decode_head_s_logits_are_float32_under_autocast():
    head = DeepLabV2Head(8, 3, dilations=(1, 2))
    x = torch.randn(1, 8, 7, 9)
    with torch.autocast('cpu', torch.bfloat16):
        logits = head((x,))
        parts = [conv(x) for conv in head.convs]
    assert parts[0].dtype == torch.bfloat16
    assert logits.dtype == torch.float32
    assert torch.equal(logits, parts[0].float() + parts[1].float())


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_a_gradient_below_float16_is_not_lost(dtype):
    x = torch.rand(1, 1, 64, 64, requires_grad=True)
    weight = torch.full((1, 1, 1, 1), 2.0**-14)
    with cpu_autocast(dtype):
        maps = torch.nn.functional.conv2d(x, weight).float()
    # Of the mean of 2 ** 12 values.
    assert gradient_through(maps.mean(), maps, x).unique() == 2.0**-26
    maps = torch.nn.functional.conv2d(x.half(), weight.half()).float()
    (plain,) = torch.autograd.grad(maps.mean(), x)
    assert not plain.any()


def test_in_full_precision_the_gradient_is_autograd_s_own():
    for dtype in (torch.float32, torch.float64):
        x = torch.randn(3, 5, dtype=dtype, requires_grad=True)
        weight = torch.randn(5, 4, dtype=dtype)
        for value in (lambda m: (m**2).mean(0) / 977, lambda m: 0 * m):
            maps = (x @ weight).tanh()
            got = gradient_through(value(maps), maps, x)
            maps = (x @ weight).tanh()
            (want,) = torch.autograd.grad(value(maps).sum(), x)
            assert got.dtype == dtype
            assert torch.equal(got, want)
