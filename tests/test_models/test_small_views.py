"""What is said where a backbone cannot take a view."""

import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from plugged_configs import CONFIGS, thin_model
from torch import nn

from projects.amr.models.small_views import (
    SmallViewError,
    features_of_views,
    image_named,
    shortest_side,
)


def patches(*strides):
    """Convolutions without padding: the side must be their product."""
    layers = [nn.Conv2d(3, 3, stride, stride) for stride in strides]
    return nn.Sequential(*layers)


@pytest.mark.parametrize(
    ('strides', 'side'), [((4, 2, 2, 2), 32), ((3, 5), 15), ((1,), 1)]
)
def test_the_shortest_side_is_that_of_all_strides(strides, side):
    backbone = patches(*strides)
    like = torch.zeros(2, 3, 9, 9)
    assert shortest_side(backbone, like) == side
    features_of_views(backbone, torch.zeros(1, 3, side, side + 7))
    if side == 1:
        return
    with pytest.raises(SmallViewError, match=f'needs {side} pixels') as caught:
        features_of_views(backbone, torch.zeros(1, 3, side + 7, side - 1))
    assert f'(H, W) ({side + 7}, {side - 1})' in str(caught.value)
    assert 'model.test_cfg.scales' in str(caught.value)


def test_pooling_of_nothing_and_no_size_that_works():
    with pytest.raises(SmallViewError, match='needs 2 pixels'):
        features_of_views(nn.MaxPool2d(2), torch.zeros(1, 3, 1, 5))
    with pytest.raises(SmallViewError):
        features_of_views(patches(600), torch.zeros(1, 3, 70, 70))


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match='channels') as caught:
        features_of_views(patches(4), torch.zeros(1, 5, 8, 8))
    assert not isinstance(caught.value, SmallViewError)


def samples(*names):
    return [SegDataSample(metainfo={'img_path': name}) for name in names]


@pytest.mark.parametrize(
    ('size', 'name'),
    [
        ((10, 20), 'large.jpg'),  # its half
        ((5, 5), 'small.jpg'),
        ((3, 3), 'small.jpg'),  # of neither: the smallest is the likeliest
    ],
)
def test_the_image_is_that_of_the_view(size, name):
    images = [torch.zeros(3, 20, 40), torch.zeros(3, 10, 10)]
    pair = samples('large.jpg', 'small.jpg')
    with (
        pytest.raises(SmallViewError, match=name) as caught,
        image_named(images, pair, (0.5, 1.0)),
    ):
        raise SmallViewError(size, 32)
    assert str(size) in str(caught.value)
    assert 'needs 32 pixels' in str(caught.value)


@pytest.mark.parametrize('extractor', [None, {'type': 'AdvCAM'}])
def test_a_convnext_names_image_view_rule_and_remedy(extractor):
    config = thin_model(CONFIGS / 'plug_and_play/amr_convnext-tiny_voc.py')
    config['test_cfg'] = {'extractor': extractor, 'scales': (1.0, 0.5)}
    model = MODELS.build(config).eval()
    images = [torch.zeros(3, 80, 64), torch.zeros(3, 50, 71)]
    with pytest.raises(
        SmallViewError,
        match=r'b\.jpg of \(H, W\) \(50, 71\): view of \(H, W\) \(25, 36\), '
        'but the backbone needs 32 pixels on each side. Leave out',
    ):
        model(images, samples('a.jpg', 'b.jpg'), mode='predict')


def test_a_vision_transformer_takes_any_view():
    config = thin_model(CONFIGS / 'plug_and_play/amr_deit-small_voc.py')
    model = MODELS.build(config).eval()
    assert (
        shortest_side(model.spotlight.backbone, torch.zeros(1, 3, 9, 9)) == 1
    )
