"""Gradient CAMs against closed forms of a pooled linear head."""

import pytest
import torch

from model_configs import NUM_CLASSES, amr, branch, build
from projects.amr.models import (
    ClassWiseCAM,
    GradCAM,
    GradientCAM,
    HiResCAM,
    LayerCAM,
    MultiScaleCAM,
)
from projects.amr.ops import merge_views, select_class

LABEL = torch.ones(NUM_CLASSES)
METHODS = (GradCAM, HiResCAM, LayerCAM)


def maps(method, net, batch):
    with torch.no_grad():
        return method._merged_cams(net, batch, [LABEL] * len(batch))[0]


@pytest.mark.parametrize('config', [branch(), amr()], ids=['cam', 'amr'])
@pytest.mark.parametrize('method', [GradCAM, HiResCAM])
def test_on_pooled_features_they_are_the_plain_cam_over_positions(
    method, config
):
    net, batch = build(config, training=False), torch.randn(2, 3, 40, 56)
    plain = maps(MultiScaleCAM(), net, batch)
    got = maps(method(), net, batch)
    assert set(got) == set(plain)
    for name, cam in plain.items():
        torch.testing.assert_close(
            got[name] * (5 * 7), cam, rtol=1e-4, atol=1e-6
        )


def test_layer_cam_keeps_positive_weights_only():
    net, image = build(branch(), training=False), torch.randn(1, 3, 40, 56)
    got = maps(LayerCAM(flip=False, output_stride=8), net, image)
    weight = net.head.classifier.weight[:, :, 0, 0].relu() / (5 * 7)
    want = torch.einsum('kc,chw->khw', weight, net.extract_feat(image)[-1][0])
    torch.testing.assert_close(got['cam'][0], want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ('method', 'rule'),
    [
        (GradCAM, lambda f, g: (f * g.mean((2, 3), keepdim=True)).sum(1)),
        (HiResCAM, lambda f, g: (f * g).sum(1)),
        (LayerCAM, lambda f, g: (f * g.clamp(min=0)).sum(1)),
    ],
)
def test_a_deeper_layer_takes_the_gradient_of_the_rest(method, rule):
    net, image = build(branch(), training=False), torch.randn(1, 3, 33, 47)
    got = maps(
        method('backbone.layer2', flip=False, output_stride=8), net, image
    )
    kept = []
    handle = net.backbone.layer2.register_forward_hook(
        lambda _m, _i, output: kept.append(output)
    )
    logits = net(image)['cam'].mean((2, 3))[0]
    handle.remove()
    for k in range(NUM_CLASSES):
        (gradient,) = torch.autograd.grad(
            logits[k], kept[0], retain_graph=True
        )
        want = rule(kept[0].detach(), gradient)[0].relu()
        torch.testing.assert_close(got['cam'][0, k], want)


@pytest.mark.parametrize('method', METHODS)
def test_chunks_companions_and_parameters(method):
    net = build(amr(), training=False)
    batch = torch.randn(2, 3, 33, 47)
    whole = maps(method(max_batch=64), net, batch)
    for name, cam in maps(method(max_batch=2), net, batch).items():
        torch.testing.assert_close(cam, whole[name], rtol=1e-4, atol=1e-5)
    for name, cam in maps(method(), net, batch[1:]).items():
        torch.testing.assert_close(
            cam[0], whole[name][1], rtol=1e-4, atol=1e-5
        )
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    hooks = [len(m._forward_hooks) for m in net.modules()]
    assert sum(hooks) == 0


def test_a_method_of_ones_own_takes_one_function():
    class Energy(GradientCAM):
        def combine(self, features, gradients):
            return features.square().sum(1)

    net, image = build(branch(), training=False), torch.randn(1, 3, 40, 56)
    got = maps(Energy(flip=False, output_stride=8), net, image)['cam'][0]
    want = net.extract_feat(image)[-1][0].square().sum(0)
    for cam in got:
        torch.testing.assert_close(cam, want)


def test_a_template_may_use_any_map_of_the_class():
    class Squared(ClassWiseCAM):
        def item_cams(self, branch, views, classes, scale_index):
            cam = self.branch_cam(branch, views)
            return merge_views(select_class(cam, classes)) ** 2

    net, batch = build(branch(), training=False), torch.randn(2, 3, 40, 56)
    got = maps(Squared(flip=False, output_stride=8), net, batch)
    plain = maps(MultiScaleCAM(flip=False, output_stride=8), net, batch)
    torch.testing.assert_close(got['cam'], plain['cam'] ** 2)


def test_an_unknown_layer_is_named():
    with pytest.raises(AttributeError, match='layer9'):
        maps(
            GradCAM(layer='backbone.layer9'),
            build(branch(), training=False),
            torch.randn(1, 3, 33, 47),
        )


@pytest.mark.parametrize('method', METHODS)
def test_faint_gradients_survive_float16(method):
    net, image = build(branch(), training=False), torch.randn(1, 3, 160, 160)
    # 1e-5 over 400 positions is 0 in float16.
    net.head.classifier.weight.data *= 1e-3
    want = maps(method(), net, image)['cam']
    with torch.autocast('cpu', torch.float16):
        got = maps(method(), net, image)['cam']
    assert want.amax() > 0
    torch.testing.assert_close(
        got, want, rtol=0, atol=0.05 * want.amax().item()
    )
