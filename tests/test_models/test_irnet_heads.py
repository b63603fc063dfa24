import pytest
import torch
import torch.nn.functional as F
from affinity_configs import irnet, irnet_config

from model_configs import backbone, build
from projects.amr.models import BoundaryHead


def project(x, layer, factor, size):
    """Convolution, GroupNorm, enlargement, ReLU, crop: by hand."""
    x = F.conv2d(x, layer.conv.weight)
    x = F.group_norm(
        x, layer.norm.num_groups, layer.norm.weight, layer.norm.bias
    )
    x = F.interpolate(
        x,
        (x.shape[2] * factor, x.shape[3] * factor),
        mode='bilinear',
        align_corners=False,
    )
    return x.relu()[:, :, : size[0], : size[1]]


def test_backbone_gives_stem_and_stages_of_mmsegs_resnet():
    encoder = build(irnet_config()['backbone'], training=False)
    plain = build(backbone(strides=(1, 2, 2, 1), out_indices=(0, 1, 2, 3)))
    assert set(plain.state_dict()) == set(encoder.state_dict())
    plain.load_state_dict(encoder.state_dict())
    plain.eval()
    x = torch.randn(2, 3, 33, 47)
    stem, *stages = encoder(x)
    want = plain.maxpool(plain.relu(plain.norm1(plain.conv1(x))))
    torch.testing.assert_close(stem, want)
    for got, expected in zip(stages, plain(x), strict=True):
        torch.testing.assert_close(got, expected)
    deep = build(
        {**irnet_config()['backbone'], 'deep_stem': True, 'out_indices': (3,)}
    )
    deep.eval()
    stem, last = deep(x)
    torch.testing.assert_close(stem, deep.maxpool(deep.stem(x)))
    assert (stem.shape[1], last.shape[1]) == (4, 128)


@pytest.mark.parametrize('size', [(33, 47), (64, 64), (1, 30)])
def test_boundary_branch_is_the_layers_run_by_hand(size):
    model = irnet()
    for level in model.boundary_head.levels:
        torch.nn.init.normal_(level.norm.bias)
    features = model.backbone(torch.randn(2, 3, *size))
    fine = features[0].shape[2:]
    levels = [
        project(x, layer, factor, fine)
        for x, layer, factor in zip(
            features, model.boundary_head.levels, (1, 1, 2, 4, 4), strict=True
        )
    ]
    last = model.boundary_head.classifier
    want = F.conv2d(torch.cat(levels, 1), last.weight, last.bias)
    torch.testing.assert_close(model.boundary_head(features), want)
    assert tuple(fine) == tuple(-(-side // 4) for side in size)


def test_default_branch_has_the_released_layers():
    boundary = BoundaryHead()
    taps = (64, 256, 512, 1024, 2048)
    want = 32 * sum(taps) + 5 * 64 + 160 + 1
    assert sum(p.numel() for p in boundary.parameters()) == want
    assert {level.norm.num_groups for level in boundary.levels} == {4}
