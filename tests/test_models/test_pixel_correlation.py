import math

import pytest
import torch

from model_configs import build
from projects.amr.ops import resize_cam
from projects.amr.ops.pixel_correlation import pixel_correlation

CONFIG = {
    'type': 'PixelCorrelation',
    'in_channels': (8, 16),
    'channels': (4, 6),
}


def data(count=2):
    features = (torch.randn(count, 8, 5, 7), torch.randn(count, 16, 5, 7))
    return torch.rand(count, 4, 5, 7), torch.randn(count, 3, 20, 28), features


@pytest.mark.parametrize('count', [1, 2])
def test_embedding_joins_the_image_and_rectified_projections(count):
    module = build(CONFIG)
    cam, inputs, features = data(count)
    joined = [resize_cam(inputs, (5, 7))]
    for convolution, feature in zip(module.projections, features, strict=True):
        weight = convolution.weight[:, :, 0, 0]
        joined.append(torch.einsum('dc,nchw->ndhw', weight, feature).relu())
    weight = module.embedding.weight[:, :, 0, 0]
    embedded = torch.einsum('dc,nchw->ndhw', weight, torch.cat(joined, 1))
    torch.testing.assert_close(
        module(cam, inputs, features), pixel_correlation(cam, embedded)
    )


def test_features_get_no_gradient_and_maps_and_weights_do():
    module = build(CONFIG)
    cam, inputs, features = data()
    for tensor in (cam, *features):
        tensor.requires_grad_()
    module(cam, inputs, features).square().sum().backward()
    assert all(feature.grad is None for feature in features)
    for tensor in (cam, *module.parameters()):
        assert tensor.grad.abs().max() > 0


def test_released_sizes_and_initial_weights():
    module = build({'type': 'PixelCorrelation'})
    shapes = [tuple(p.shape[:2]) for p in module.parameters()]
    assert shapes == [(64, 512), (128, 1024), (192, 195)]
    for convolution, fan in zip(module.projections, (512, 1024), strict=True):
        std = convolution.weight.std().item()
        assert std == pytest.approx(math.sqrt(2 / fan), rel=0.05)
    bound = 4 * math.sqrt(6 / (192 + 195))
    weight = module.embedding.weight
    assert 0.95 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_taps_of_another_size_are_brought_to_the_maps_size():
    module = build(CONFIG)
    cam, inputs, (conv4, conv5) = data()
    fine = torch.nn.functional.interpolate(conv5, scale_factor=2)
    got = module.embed(inputs, (conv4, fine), (5, 7))
    want = module.embed(inputs, (conv4, conv5), (5, 7))
    torch.testing.assert_close(got, want)
    assert module(cam, inputs, (conv4, fine)).shape == cam.shape


def test_correlation_keeps_full_precision_under_autocast():
    module = build(CONFIG)
    cam, inputs, features = data()
    with torch.autocast('cpu', torch.bfloat16):
        got = module(cam, inputs, features)
        embedded = module.embed(inputs, features, (5, 7))
    assert embedded.dtype == torch.bfloat16
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, pixel_correlation(cam, embedded.float()))
