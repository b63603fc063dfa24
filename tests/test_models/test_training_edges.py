"""One training step at the edges of what may come: finite, and not empty."""

import pytest
import torch
from affinity_configs import affinity_net, irnet
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from segmentor_configs import segmentor_config
from weak_samples import weak_samples

from model_configs import amr, build, seam_amr

SIZES = [(33, 47), (97, 17)]


def step(model, inputs, samples, half=False):
    """Losses of one image; gradients are left in the model."""
    with torch.autocast('cpu', torch.bfloat16, enabled=half):
        losses = model(inputs, samples, mode='loss')
    total = sum(v.mean() for k, v in losses.items() if 'loss' in k)
    total.backward()
    return losses, total


def assert_finite(model, losses):
    for key, value in losses.items():
        assert value.isfinite().all(), key
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize('half', [False, True])
@pytest.mark.parametrize('label', [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('make', [amr, seam_amr])
def test_classifiers_with_one_image_of_no_class_or_all(
    make, size, label, half
):
    model = build(make())
    losses, _ = step(
        model, torch.randn(1, 3, *size), weak_samples(label), half
    )
    assert_finite(model, losses)
    assert model.spotlight.head.classifier.weight.grad.any()
    if not any(label) and make is seam_amr:
        # Nothing to compare between the views, but the background.
        assert losses['loss_spotlight_er'] == 0
        assert losses['loss_spotlight_min'] == 0


def seeded(value, size):
    sample = SegDataSample()
    data = torch.full((1, *size), value, dtype=torch.long)
    sample.gt_sem_seg = PixelData(data=data)
    return sample


@pytest.mark.parametrize('value', [0, 2, 255])
@pytest.mark.parametrize('size', SIZES)
def test_affinity_networks_with_a_seed_of_one_label(size, value):
    for model in (irnet(training=True), affinity_net(True)):
        losses, total = step(
            model, torch.randn(1, 3, *size), [seeded(value, size)]
        )
        assert_finite(model, losses)
        parts = {
            0: {'loss_aff_pos_bg'},
            2: {'loss_aff_pos_fg'},
            255: set(),
        }[value]
        assert {k for k, v in losses.items() if v > 0} == parts
        assert (total == 0) == (value == 255)


@pytest.mark.parametrize('loss', ['CrossEntropyLoss', 'BalancedCrossEntropy'])
@pytest.mark.parametrize('size', SIZES)
def test_segmentor_with_nothing_but_ignored_pixels(size, loss):
    config = segmentor_config()
    config['decode_head']['loss_decode'] = (
        {'type': 'mmseg.CrossEntropyLoss', 'avg_non_ignore': True}
        if loss == 'CrossEntropyLoss'
        else {'type': 'BalancedCrossEntropyLoss'}
    )
    model = build(config)
    losses, total = step(model, torch.randn(1, 3, *size), [seeded(255, size)])
    assert total == 0
    assert_finite(model, {k: v for k, v in losses.items() if 'loss' in k})
