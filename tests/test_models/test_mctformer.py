"""MCTformer+ on small random transformers, against its parts by hand."""

import pytest
import torch
from mmengine.structures import BaseDataElement
from mmseg.registry import TASK_UTILS
from small_transformers import (
    CHANNELS,
    assert_batch_is_its_images,
    built,
    mctformer,
    mmpretrain_vit,
    timm_vit,
)
from weak_samples import weak_samples as samples

from projects.amr.models.attention_recording import recorded_attention
from projects.amr.ops import merge_flip, normalize_cam, resize_cam
from projects.amr.ops.attention_affinity import (
    class_aware_affinity,
    patch_attention,
    spread_by_attention,
)
from projects.amr.ops.attention_cam import class_token_contrast, rank_pool


def build(config: dict):
    return built(config, std=0.3)


def test_losses_are_those_of_both_scores_and_the_tokens():
    model = build(mctformer(3))
    images, labels = torch.rand(2, 3, 29, 43), torch.eye(3)[:2]
    losses, cam = model.train_cams(images, samples(*labels.tolist()))
    tokens = model.backbone.tokens(images)
    margin = torch.nn.MultiLabelSoftMarginLoss()
    want = {
        'loss_cls': margin(tokens.classes.mean(-1), labels),
        'loss_patch': margin(rank_pool(cam), labels),
        'loss_contrast': class_token_contrast(tokens.block_classes, labels),
    }
    torch.testing.assert_close(losses, want)
    assert len(tokens.block_classes) == 3
    assert cam.shape == (2, 3, 4, 6)
    sum(losses.values()).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, key


def test_detached_losses_leave_a_gradient_to_the_head_alone():
    model = build(mctformer(3))
    losses, cam = model.train_cams(
        torch.rand(1, 3, 32, 32), samples([1.0] * 3), detach=True
    )
    assert not any(loss.requires_grad for loss in losses.values())
    cam.sum().backward()
    touched = [k for k, p in model.named_parameters() if p.grad is not None]
    assert touched == ['head.classifier.weight']


@pytest.mark.parametrize('patch', [7, 8])
@pytest.mark.parametrize('fuse', [True, False])
@pytest.mark.parametrize('affinity', [True, False])
@torch.no_grad()
def test_map_of_a_view_by_hand(patch, fuse, affinity):
    model = build(mctformer(3, patch, fuse=fuse, affinity=affinity))
    images = torch.rand(2, 3, 29, 43)
    with recorded_attention(model) as attentions:
        patches = model.head((model.backbone.tokens(images).patches,))
    cam, logits = model.view_cam(images)
    size = patches.shape[-2:]
    want = patches.relu()
    if fuse:
        own = [a[:, 0, :3, 3:].unflatten(2, size) for a in attentions]
        want = (want * sum(own) / 3).sqrt()
    if affinity:
        weights = sum(a[:, 0, 3:, 3:] for a in attentions) / 3
        want = torch.einsum('nij,nkj->nki', weights, want.flatten(2))
    torch.testing.assert_close(cam, want.reshape(cam.shape))
    scores = model.backbone.tokens(images).classes.mean(-1)
    torch.testing.assert_close(logits, (scores + rank_pool(patches)) / 2)


@torch.no_grad()
def test_prediction_sums_views_and_stretches_maps():
    scales = (0.75, 1.0)
    model = build(mctformer(3, test_cfg={'scales': scales}))
    image = torch.rand(3, 29, 43)
    (found,) = model.predict([image], samples([1.0, 0, 1]))
    total = 0
    for scale in scales:
        size = [max(round(scale * side), 1) for side in image.shape[1:]]
        view = torch.nn.functional.interpolate(
            image[None], size, mode='bicubic', antialias=True
        )
        both = torch.cat([view, view.flip(-1)])
        total = total + resize_cam(
            merge_flip(model.view_cam(both)[0]), (8, 11)
        )
    total = normalize_cam(total[0, [0, 2]])
    low = total.amin((1, 2), keepdim=True)
    want = (total - low) / (1 - low)
    torch.testing.assert_close(found.pred_cam.cam, want, atol=2e-3, rtol=0)
    assert found.pred_cam.classes == [0, 2]


@torch.no_grad()
def test_a_batch_is_what_its_images_are():
    model = build(mctformer(3))
    images = [*torch.rand(3, 3, 29, 43), torch.rand(3, 8, 17)]
    labels = [[1.0, 0, 1], [0, 1.0, 0], [0.0, 0, 0], [1.0, 1, 1]]
    assert_batch_is_its_images(model, images, labels)


def test_there_is_one_token_a_class():
    assert build(mctformer(5)).backbone.vit.reg_token.shape[1] == 5
    assert build(mctformer(1)).backbone.vit.cls_token.shape[1] == 1


def plain(backbone: dict) -> dict:
    """A classifier on a transformer, as any other backbone."""
    return {
        'type': 'CAMClassifier',
        'backbone': backbone,
        'head': {
            'type': 'CAMHead',
            'in_channels': CHANNELS,
            'num_classes': 3,
        },
    }


@pytest.mark.parametrize('backbone', [timm_vit(), mmpretrain_vit()])
@pytest.mark.parametrize('rule', ['mctformer', 'clip_es'])
@torch.no_grad()
def test_affinity_refines_the_cam_of_any_transformer(backbone, rule):
    extractor = {'type': 'AttentionAffinity', 'rule': rule, 'num_layers': 2}
    config = plain(backbone)
    config['test_cfg'] = {'extractor': extractor, 'max_batch': 3}
    model = build(config)
    images = torch.rand(2, 3, 29, 43)
    found = model.predict(list(images), samples([1.0, 0, 1], [1.0, 1, 1]))
    views = torch.cat([images, images.flip(-1)])
    with recorded_attention(model) as attentions:
        cam = model.forward_cam(views).relu()
    weights = patch_attention(attentions, cam[0, 0].numel(), 2)
    refine = {
        'mctformer': spread_by_attention,
        'clip_es': class_aware_affinity,
    }[rule]
    refined = resize_cam(merge_flip(refine(cam, weights)), (8, 11))
    for sample, want in zip(found, refined, strict=True):
        want = normalize_cam(want[sample.pred_cam.classes])
        torch.testing.assert_close(
            sample.pred_cam.cam, want, atol=2e-3, rtol=0
        )
    assert isinstance(found[0], BaseDataElement)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match='rule'):
        TASK_UTILS.build({'type': 'AttentionAffinity', 'rule': 'sum'})
