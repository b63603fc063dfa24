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
)


def patches(*strides):
    """Convolutions without padding: the side must be their product."""
    layers = [nn.Conv2d(3, 3, stride, stride) for stride in strides]
    return nn.Sequential(*layers)


def test_a_view_that_is_too_small_is_named():
    backbone = patches(4, 2, 2, 2)
    features_of_views(backbone, torch.zeros(1, 3, 32, 39))
    with pytest.raises(SmallViewError, match=r'\(39, 31\)'):
        features_of_views(backbone, torch.zeros(1, 3, 39, 31))
    with pytest.raises(SmallViewError):
        features_of_views(nn.MaxPool2d(2), torch.zeros(1, 3, 1, 5))


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match='channels') as caught:
        features_of_views(patches(4), torch.zeros(1, 5, 8, 8))
    assert not isinstance(caught.value, SmallViewError)


def samples(*names):
    return [SegDataSample(metainfo={'img_path': name}) for name in names]


@pytest.mark.parametrize('extractor', [None, {'type': 'AdvCAM'}])
def test_a_convnext_names_image_view_rule_and_fix(extractor):
    config = thin_model(CONFIGS / 'plug_and_play/amr_convnext-tiny_voc.py')
    config['test_cfg'] = {'extractor': extractor, 'scales': (1.0, 0.5)}
    model = MODELS.build(config).eval()
    images = [torch.zeros(3, 80, 64), torch.zeros(3, 50, 71)]
    with pytest.raises(
        SmallViewError, match=r'b\.jpg of \(H, W\) \(50, 71\) at scale 0\.5'
    ):
        model(images, samples('a.jpg', 'b.jpg'), mode='predict')
