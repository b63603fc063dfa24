"""DRS's layer: bounds, gradients, and a place in any backbone."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from model_configs import branch
from projects.amr.models.plugins.region_suppression import (
    RegionSuppression,
    suppress_regions,
)


@pytest.mark.parametrize('delta', [0.0, 0.3, 1.0])
def test_every_map_is_bounded_by_its_own_maximum(delta):
    x = torch.randn(2, 3, 5, 7)
    y = suppress_regions(x, delta).numpy()
    for image, maps in enumerate(x.numpy()):
        for channel, values in enumerate(maps):
            top = max(values.max(), 0.0)
            expected = [
                [min(max(v, 0), delta * top) for v in r] for r in values
            ]
            np.testing.assert_allclose(y[image, channel], expected, rtol=1e-6)


def test_gradients_reach_features_and_delta():
    x = torch.rand(1, 2, 3, 5, dtype=torch.float64, requires_grad=True)
    delta = torch.full((1, 2, 1, 1), 0.6, dtype=torch.float64)
    delta.requires_grad_()
    assert torch.autograd.gradcheck(suppress_regions, (x, delta))


def test_learned_deltas_are_sigmoids_of_the_pooled_features():
    layer = RegionSuppression(2)
    x = torch.randn(1, 2, 4, 3)
    with torch.no_grad():
        layer.controller.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, -3.0]]))
    pooled = x.clamp(min=0).mean((-2, -1))[0]
    shares = layer(x)[0].flatten(1).amax(1) / x[0].flatten(1).amax(1)
    expected = torch.sigmoid(torch.stack([3 * pooled[0], -3 * pooled[1]]))
    torch.testing.assert_close(shares, expected)


def test_it_stands_where_the_amm_stands():
    staged = dict(
        type='StageModulation',
        backbone=branch()['backbone'],
        stages={'layer3': 64, 'layer4': 128},
        amm=dict(type='RegionSuppression'),
    )
    model = MODELS.build(branch() | dict(backbone=staged))
    (feature,) = model.extract_feat(torch.rand(2, 3, 33, 47))[-1:]
    top = feature.flatten(2)
    # Bound by a share of the former maximum, the largest value is a plateau
    # of one at least; without the layer it would be of one.
    assert (top >= 0).all()
    feature.sum().backward()
    learned = [
        p.grad for n, p in model.named_parameters() if 'controller' in n
    ]
    assert len(learned) == 2
    assert all(grad.abs().sum() > 0 for grad in learned)
