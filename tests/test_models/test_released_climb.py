"""L_AD and maps of the released AdvCAM, from its formula by autograd."""

from pathlib import Path

import pytest
import torch
from adv_cam_samples import ONE, TWO, adv_cam, images, maps, model
from mmengine.config import Config
from mmseg.registry import TASK_UTILS

from projects.amr.models.heads import CAMHead
from projects.amr.ops.adversarial_climbing import (
    class_margin,
    climbing_objective,
    positive_grad_cam,
    target_maps,
)

CONFIGS = Path(__file__).parents[2] / 'configs'
PRESETS = (
    'amr_r50_voc_release.py',
    'amr_r50_voc_advcam.py',
    'cam_r50_voc_advcam.py',
)


def grad_cam(features, weight, target):
    """Map (V, h, w): gradient summed, over its positive entries."""
    leaf = features.detach().requires_grad_()
    score = torch.einsum('vchw,kc->vkhw', leaf, weight).relu()[:, target].sum()
    (gradient,) = torch.autograd.grad(score, leaf)
    weights = gradient.sum((2, 3)) / (gradient > 0).sum().clamp_min(1)
    return torch.einsum('vchw,vc->vhw', features, weights).relu()


@pytest.mark.parametrize('views', [1, 2])
def test_map_is_the_grad_cam_of_the_formula(views):
    features = torch.rand(views, 1, 16, 5, 7, dtype=torch.float64)
    features[0] += 0.2  # the views differ in their positive positions
    head = CAMHead(16, 4).double()
    weight = torch.randn(4, 16, dtype=torch.float64)
    weight -= weight.mean(1, keepdim=True)
    weight[2] = weight[2].abs()
    weight[3] = -weight[3].abs()
    head.classifier.weight.data = weight[..., None, None].clone()
    count = head.positive_weights()
    assert count[2:].tolist() == [16, 1]
    cam = head((features[:, 0],))[:, None]
    for target in range(4):
        own = count[[target]]
        got = positive_grad_cam(cam[:, :, target], own).relu()
        want = grad_cam(features[:, 0], weight, target)
        torch.testing.assert_close(got[:, 0], want)
        assert (want.max() > 0) == (target != 3)
        mirrored = want[1].flip(-1) if views == 2 else 0
        merged = target_maps(cam, torch.tensor([target]), own)
        torch.testing.assert_close(merged[0], want[0] + mirrored)


@pytest.mark.parametrize('config', PRESETS)
@pytest.mark.parametrize(
    ('size', 'too_strong'),
    [((24, 32), 2 + 2 / 3), ((12, 16), 10 + 2 / 3), ((47, 63), 0.6917)],
)
def test_strength_does_not_depend_on_the_size(config, size, too_strong):
    """375 x 500 at scales 1, 0.5 and 2; 1,024 of 2,048 weights positive."""
    test_cfg = Config.fromfile(CONFIGS / config).model.test_cfg
    method = TASK_UTILS.build(test_cfg.extractor.to_dict())
    head = CAMHead(2048, 20)
    head.classifier.weight.data.fill_(-1)[:, ::2] = 1
    classes = torch.tensor([3])
    positive = head.positive_weights()[classes]
    cam = torch.zeros(2, 1, 20, *size)
    cam[:, :, 3] = 0.4
    held = {'initial': torch.zeros(1, *size), 'classes': classes}
    margin = class_margin(cam.mean((-2, -1)), classes)
    got = margin - climbing_objective(
        cam, **held, num_positive=positive, **method.objective
    )
    # The sum over the CAM of both views, over twice the positive weights.
    want = 7 * size[0] * size[1] * 0.8 / (2 * 1024)
    assert got.item() == pytest.approx(want, rel=1e-4)
    mean = margin - climbing_objective(cam, **held)
    assert (mean / got).item() == pytest.approx(too_strong, rel=1e-3)


def released_climb(net, image, target, steps):
    """Sum of the maps of one class of an image and its mirrored copy."""
    pair = torch.stack([image, image.flip(-1)])
    low, high = pair.min(), pair.max()
    weight = net.head.classifier.weight.detach()[..., 0, 0]
    total, initial = 0.0, None
    for step in range(steps + 1):
        pair = pair.detach().requires_grad_()
        (features,) = net.extract_feat(pair)
        own = grad_cam(features, weight, target)
        own = own[0] + own[1].flip(-1)
        total = total + own.detach()
        initial = own.detach() if initial is None else initial
        if step == steps:
            break
        logits = net.head((features,)).relu().mean((2, 3))
        change = ((own - initial).abs() * (own / own.max() > 0.5)).sum()
        gain = 2 * logits[:, target].sum() - logits.sum() - 7 * change
        (gradient,) = torch.autograd.grad(gain, pair)
        pair = pair + 0.08 * gradient / gradient.abs().max()
        pair = pair.clamp(low, high)
    return total


def test_climb_is_the_released_one():
    net, batch = model(), images(2, (33, 61))
    method = adv_cam(
        3,
        scales=(1.0,),
        output_stride=8,
        rectify_logits=True,
        ad_reduction='positive',
    )
    got, _ = maps(method, net, batch, [TWO, ONE])
    mean = adv_cam(3, scales=(1.0,), output_stride=8, rectify_logits=True)
    other, _ = maps(mean, net, batch, [TWO, ONE])
    for row, target in ((0, 0), (0, 2), (1, 1)):
        want = released_climb(net, batch[row], target, 3).float()
        want = want / want.max()
        own, weak = got['cam'][row, target], other['cam'][row, target]
        assert (own / own.max() - want).abs().max() < 1e-5
        assert (weak / weak.max() - want).abs().max() > 1e-3
