"""A tiny classifier and images for tests of AdvCAM."""

import torch

from model_configs import branch, build
from projects.amr.models import MultiScaleCAM

TWO = torch.tensor([1.0, 0.0, 1.0])
ONE = torch.tensor([0.0, 1.0, 0.0])
SCALES = (0.5, 1.0)
SETTINGS = {'scales': SCALES, 'num_steps': 3, 'ad_weight': 1.0}


def model(config=None):
    """A tiny classifier in float64, so that sums have no order."""
    return build(config or branch(), training=False).double()


def images(count=2, size=(33, 47)):
    return torch.randn(count, 3, *size, dtype=torch.float64)


def adv_cam(num_steps=3, **settings):
    """The method with AdvCAM; settings of either by their names."""
    own = ('step_size', 'ad_weight', 'ad_thr', 'ad_reduction')
    extractor = {'type': 'AdvCAM', 'num_steps': num_steps}
    for key in (*own, 'rectify_logits'):
        if key in settings:
            extractor[key] = settings.pop(key)
    return MultiScaleCAM(extractor=extractor, **settings)


def maps(method, net, batch, labels):
    """Maps before normalisation and rounding, for all classes."""
    with torch.no_grad():
        return method.merged_cams(net, batch, labels)
