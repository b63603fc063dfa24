import pytest
import torch

from model_configs import backbone, build
from projects.amr.models.heads import CAMHead
from projects.amr.ops import pool_logits


def test_cam_is_the_classifier_at_every_position():
    head = CAMHead(in_channels=6, num_classes=3)
    features = torch.randn(2, 6, 5, 7)
    weight = head.classifier.weight[:, :, 0, 0]
    want = torch.einsum('kc,nchw->nkhw', weight, features)
    torch.testing.assert_close(head((features,)), want)
    assert head.classifier.bias is None


def test_dropout_drops_whole_channels_in_training_alone():
    head = CAMHead(in_channels=64, num_classes=64, dropout=0.5)
    torch.nn.init.eye_(head.classifier.weight[:, :, 0, 0])
    maps = (torch.ones(1, 64, 5, 7),)
    got = head(maps)
    assert set(got.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(got.amin((2, 3)), got.amax((2, 3)))
    assert torch.equal(head.eval()(maps), maps[0])
    assert CAMHead(64, 64).dropout.p == 0


def test_attention_pooling_weighs_peaks_in_training_alone():
    head = CAMHead(in_channels=6, num_classes=3, attention=2.0)
    features = torch.rand(2, 6, 5, 7, requires_grad=True)
    cam = head((features,))
    weights = features.detach().mul(2).exp()
    weights = weights / weights.sum((2, 3), keepdim=True)
    pooled = (features * weights).sum((2, 3))
    want = pooled @ head.classifier.weight[:, :, 0, 0].T
    torch.testing.assert_close(pool_logits(cam), want)
    # The weights carry no gradient.
    grads = (
        torch.autograd.grad(logits.sum(), features)[0]
        for logits in (pool_logits(cam), want)
    )
    torch.testing.assert_close(*grads)
    plain = head.eval()((features,))
    assert torch.equal(plain, head.classifier(features))
    with pytest.raises(ValueError, match='attention'):
        CAMHead(6, 3, attention=-1.0)


def test_init_cfg_sets_the_spread_of_the_weights():
    for std in (None, 1.0):
        init = std and {'type': 'Normal', 'layer': 'Conv2d', 'std': std}
        head = CAMHead(in_channels=400, num_classes=50, init_cfg=init)
        head.init_weights()
        spread = head.classifier.weight.std().item()
        assert abs(spread / (std or 0.01) - 1) < 0.05


def test_depth_of_the_shallow_resnet_is_its_blocks():
    for depth, blocks in ((14, 1), (26, 2)):
        model = build(backbone(depth=depth))
        sizes = [len(getattr(model, name)) for name in model.res_layers]
        assert sizes == [blocks] * 4
