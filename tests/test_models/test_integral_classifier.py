"""OAA+'s integral model: its loss by hand, flips, a real training."""

from math import exp, log
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from runner_configs import tiny_config

from model_configs import branch, build
from projects.amr.models.losses import (
    IntegralAttentionLoss,
    integral_attention_loss,
)


def loop_loss(logits, target, threshold):
    found, others = [], []
    for x, t in zip(
        logits.flatten().tolist(), target.flatten().tolist(), strict=True
    ):
        p = 1 / (1 + exp(-x))
        if t > threshold:
            found.append(-t * log(p))
        else:
            others.append(-log(1 - p))
    return sum(sum(x) / max(len(x), 1) for x in (found, others))


@pytest.mark.parametrize('threshold', [0.0, 1e-3, 0.4, 0.99])
def test_loss_is_the_loop(threshold):
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 5, 7), torch.rand(2, 3, 5, 7)
    target[:, 1] = 0
    got = integral_attention_loss(logits, target, threshold)
    assert got.item() == pytest.approx(loop_loss(logits, target, threshold))
    loss = IntegralAttentionLoss(threshold, loss_weight=0.5)
    torch.testing.assert_close(loss(logits, target), got / 2)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match='threshold'):
        IntegralAttentionLoss(threshold=1.0)


def sample(cam, classes, **meta):
    made = SegDataSample(metainfo=meta)
    made.cam_input = PixelData(cam=cam, metainfo={'classes': classes})
    return made


@pytest.mark.parametrize(
    ('direction', 'axes'),
    [('horizontal', (-1,)), ('vertical', (-2,)), ('diagonal', (-2, -1))],
)
def test_targets_are_turned_with_the_image_and_others_are_0(direction, axes):
    model = build({**branch(), 'type': 'IntegralClassifier'}, training=False)
    torch.nn.init.normal_(model.head.classifier.weight)  # places that differ
    images = torch.rand(3, 3, 33, 47)
    cam = torch.rand(2, 9, 11)
    samples = [
        sample(cam, [2, 0]),
        sample(cam[:1], [1], flip=True, flip_direction=direction),
        sample(cam[:0], [], flip=False),
    ]
    logits = model.forward_cam(images)
    target = torch.zeros_like(logits)
    small = F.interpolate(cam[None], logits.shape[-2:], mode='bilinear')[0]
    target[0, 2], target[0, 0], target[1, 1] = *small, small[0].flip(axes)
    got = model(images, samples, mode='loss')
    assert set(got) == {'loss_integral'}
    torch.testing.assert_close(
        got['loss_integral'], integral_attention_loss(logits, target)
    )
    samples[0].set_metainfo({'img_shape': (20, 47)})
    with pytest.raises(ValueError, match='ResizeNonEmpty'):
        model(images, samples, mode='loss')


def test_an_accumulation_and_a_training_on_it(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path / 'oaa', branch())
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_dataloader.dataset.ann_file = (
        cfg.train_dataloader.dataset.ann_file
    )
    cfg.default_hooks.accumulation = dict(type='CAMAccumulationHook')
    Runner.from_cfg(cfg).train()

    cfg.work_dir = str(tmp_path / 'plus')
    cfg.experiment_name = f'{tmp_path.name}_plus'
    cfg.model.type = 'IntegralClassifier'
    del cfg.default_hooks.accumulation
    cfg.train_dataloader.dataset.pipeline = [
        dict(type='LoadWeakLabelImage'),
        dict(type='LoadCAMRecord', cam_dir=f'{tmp_path}/oaa/accumulated_cams'),
        dict(type='ResizeNonEmpty', scale=(48, 48), keep_ratio=False),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackAffinityInputs'),
    ]
    runner = Runner.from_cfg(cfg)
    runner.train()
    for name, value in runner.model.named_parameters():
        assert value.isfinite().all(), name
    assert 0 <= runner.test()['cam/mIoU_fixed'] <= 100
    assert any((Path(cfg.work_dir) / 'cams').glob('*.npz'))
