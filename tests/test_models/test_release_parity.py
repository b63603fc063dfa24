"""The release preset against formulas written out independently."""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import nn

from model_configs import amr, build

CONFIG = Path(__file__).parents[2] / 'configs' / 'amr_r50_voc_release.py'
RELEASE_AMM = Config.fromfile(CONFIG).amm.to_dict()


def reference_modulation(x: np.ndarray) -> np.ndarray:
    """Density with mean and unbiased deviation of the whole tensor."""
    mu, sigma = x.mean(), x.std(ddof=1)
    peak = 1 / (math.sqrt(2 * math.pi) * sigma)
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) * peak


def reference_amm(x: torch.Tensor, amm: nn.Module) -> np.ndarray:
    """Channel, then spatial gate, spelled out in numpy (float64)."""
    w1, w2 = amm.channel[0], amm.channel[2]
    pooled = x.double().numpy().mean((2, 3))
    hidden = pooled @ w1.weight.double().detach().numpy()[:, :, 0, 0].T
    hidden = np.maximum(hidden + w1.bias.detach().numpy(), 0)
    gate = hidden @ w2.weight.double().detach().numpy()[:, :, 0, 0].T
    gate = reference_modulation(gate + w2.bias.detach().numpy())
    f_c = x.double().numpy() * gate[:, :, None, None]
    stacked = np.stack([f_c.max(1), f_c.mean(1)], axis=1)
    kernel = amm.spatial[0].weight.detach().double().numpy()[0]
    padded = np.pad(stacked, ((0, 0), (0, 0), (3, 3), (3, 3)))
    height, width = x.shape[2:]
    response = sum(
        padded[:, c, dy : dy + height, dx : dx + width] * kernel[c, dy, dx]
        for c in range(2)
        for dy in range(7)
        for dx in range(7)
    )
    # BatchNorm in training mode, also at test time: batch statistics.
    norm = amm.spatial[1]
    response = (response - response.mean()) / np.sqrt(
        response.var() + norm.eps
    )
    return f_c * reference_modulation(response)[:, None]


def release_bottleneck():
    """One block of the compensation branch, in evaluation mode."""
    model = build(
        {
            'type': 'ResNet',
            'depth': 50,
            'stem_channels': 8,
            'base_channels': 8,
            'plugins': [{'cfg': RELEASE_AMM, 'position': 'after_conv3'}],
        },
        training=False,
    )
    block = model.layer2[1]
    for norm in (block.norm1, block.norm2, block.norm3):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return block


def test_bottleneck_block():
    block = release_bottleneck()
    x = torch.randn(2, 64, 9, 13)
    with torch.no_grad():
        got = block(x)

        def normed(y, norm):
            return F.batch_norm(
                y, norm.running_mean, norm.running_var, norm.weight, norm.bias
            )

        y = normed(F.conv2d(x, block.conv1.weight), block.norm1).relu()
        y = F.conv2d(y, block.conv2.weight, padding=1)
        y = normed(y, block.norm2).relu()
        y = normed(F.conv2d(y, block.conv3.weight), block.norm3)
        amm = getattr(block, block.after_conv3_plugin_names[0])
        want = np.maximum(reference_amm(y, amm) + x.numpy(), 0)
    scale = np.abs(want).max()
    np.testing.assert_allclose(got / scale, want / scale, atol=1e-5)


def test_cam_path():
    """ReLU, sum over scales and flips, label selection, maximum, xi."""
    scales = (0.5, 1.0, 2.0)
    model = build(
        amr(
            {'type': 'AttentionModulation'},
            test_cfg={'scales': scales, 'flip': True, 'output_stride': 4},
        ),
        training=False,
    )
    image = torch.randn(3, 45, 61)
    label = torch.tensor([1.0, 0.0, 1.0])
    merged, _ = model.cam_method.merged_cams(model, image[None], [None])
    size = (math.ceil(45 / 4), math.ceil(61 / 4))
    maps = {}
    for name in ('spotlight', 'compensation'):
        part = getattr(model, name)
        total = torch.zeros(3, *size)
        for scale in scales:
            shape = [round(45 * scale), round(61 * scale)]
            view = image[None]
            if scale != 1:
                view = F.interpolate(
                    view, size=shape, mode='bicubic', antialias=True
                )
            with torch.no_grad():
                pair = [
                    F.conv2d(part.backbone(v)[0], part.head.classifier.weight)
                    for v in (view, view.flip(-1))
                ]
            cam = pair[0].relu() + pair[1].relu().flip(-1)
            total += F.interpolate(cam, size=size, mode='bilinear')[0]
        scale = total.abs().max()
        assert (merged[name][0] - total).abs().max() / scale < 1e-5
        kept = total[label.bool()]
        assert kept.amax((1, 2)).min() > 0
        maps[name] = kept / kept.amax((1, 2), keepdim=True)
    (got,) = model.cam_method(model, [image], [label])
    # Maps are rounded to the half precision of records, nothing else.
    for name, want in maps.items():
        assert (got.cams[name] - want).abs().max() < 1e-5 + 2**-12
    weighted = 0.5 * maps['spotlight'] + 0.5 * maps['compensation']
    assert (got.cams['weighted'] - weighted).abs().max() < 1e-5 + 2**-12


def test_preset_names_every_switch():
    config = Config.fromfile(CONFIG)
    model = config.model
    assert model.detach_spotlight
    assert model.loss_cps.loss_weight == 0.05
    assert model.loss_cps.rectify
    assert model.loss_cps.pairing == 'first_two'
    assert model.compensation.backbone.frozen_stages == 1
    assert model.spotlight.backbone.frozen_stages == 0
    assert config.optim_wrapper.optimizer.momentum == 1e-4
    multipliers = config.optim_wrapper.paramwise_cfg.custom_keys
    assert multipliers['compensation.backbone'].lr_mult == 10
