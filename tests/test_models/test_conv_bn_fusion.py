"""BatchNorm folded into convolutions, beside the same model without."""

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from model_configs import AMM, amr, branch, seam
from projects.amr.models import MultiScaleCAM
from projects.amr.models.conv_bn_fusion import fuse_conv_bn, unfuse

RELEASED = {
    **AMM,
    'channel_transform': 'mlp',
    'spatial_transform': 'max_mean',
    'modulation': {'type': 'gaussian', 'peak': 'density', 'stats': 'batch'},
}
ALWAYS = {**RELEASED, 'norm_always_train': True}
# A bottleneck ResNet of four blocks: stem, three a block, four shortcuts.
RESNET = 1 + 4 * 3 + 4
CASES = {
    'plain': (branch(), RESNET, 0),
    'amm': (branch(AMM), RESNET, 0),
    'amr': (amr(), 2 * RESNET, 0),
    'released amm': (branch(RELEASED), RESNET, 4),
    'released amm, always training': (branch(ALWAYS), RESNET, 4),
}


def trained(config):
    """A model whose norms do something, in eval mode."""
    torch.manual_seed(0)
    model = MODELS.build(config)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.05, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return model.eval()


def norms(model):
    return sum(isinstance(m, _BatchNorm) for m in model.modules())


@pytest.fixture(params=CASES)
def case(request):
    config, folded, left = CASES[request.param]
    return trained(config), folded, left


@pytest.mark.parametrize(('batch', 'size'), [(1, (37, 50)), (2, (65, 41))])
@torch.no_grad()
def test_cams_are_those_of_the_model_as_it_was(case, batch, size):
    model, folded, left = case
    method = MultiScaleCAM((0.5, 1.0), output_stride=1)
    images = list(torch.randn(batch, 3, *size))
    labels = [torch.ones(3)] * batch
    raw = model(torch.stack(images))
    before = method(model, images, labels)
    assert norms(model) == folded + left
    taken = fuse_conv_bn(model)
    assert len(taken) == 2 * folded
    assert norms(model) == left
    for name, cam in model(torch.stack(images)).items():
        torch.testing.assert_close(
            cam, raw[name], rtol=0, atol=1e-5 * float(raw[name].abs().max())
        )
    for one, other in zip(before, method(model, images, labels), strict=True):
        assert one.classes.equal(other.classes)
        torch.testing.assert_close(one.scores, other.scores)
        for name, cam in one.cams.items():
            assert cam.max() > 0
            # Stored in half precision, of which 2 ** -11 is the last digit.
            torch.testing.assert_close(
                cam, other.cams[name], rtol=0, atol=1e-5 + 2**-11
            )


def test_a_model_comes_back_as_it_was(case):
    model, *_ = case
    image = torch.randn(1, 3, 33, 47)
    layers = dict(model.named_modules())
    state = {k: v.clone() for k, v in model.state_dict().items()}
    taken = fuse_conv_bn(model)
    assert set(model.state_dict()) != set(state)
    with torch.no_grad():
        model(image)
    unfuse(taken)
    assert dict(model.named_modules()) == layers
    assert list(model.state_dict()) == list(state)
    for key, value in model.state_dict().items():
        if 'amm' not in key:  # a norm that stays in training mode learns
            assert value.equal(state[key])


def test_pre_activation_norms_are_left_alone():
    """mmcv folds the last norm into the stem, whose widths differ."""
    model = trained(seam())
    before = norms(model)
    assert fuse_conv_bn(model) == []
    assert norms(model) == before > 0


class Forked(nn.Module):
    """The convolution's output is also taken before the norm."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.conv(x)
        return y + self.norm(y)


class Swapped(Forked):
    """Defined in the usual order, called in the other."""

    def forward(self, x):
        return self.conv(self.norm(x))


class Steered(Forked):
    """Does something else when asked to."""

    def forward(self, x, raw=None):
        return self.conv(x) if raw else self.norm(self.conv(x))


class Shared(nn.Module):
    """Two blocks of one convolution, each with its own norm."""

    def __init__(self):
        super().__init__()
        conv = nn.Conv2d(3, 3, 1)
        self.a = nn.Sequential(conv, nn.BatchNorm2d(3))
        self.b = nn.Sequential(conv, nn.BatchNorm2d(3))

    def forward(self, x):
        return self.a(x) + self.b(x)


class RectifyingNorm(nn.BatchNorm2d):
    """As timm's BatchNormAct2d in EfficientNet-Lite: activates, too."""

    def forward(self, x):
        return super().forward(x).relu()


def activating():
    return nn.Sequential(nn.Conv2d(3, 3, 1), RectifyingNorm(3))


def heard():
    """Someone listens to the convolution."""
    pair = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    pair[0].register_forward_hook(lambda *_: None)
    return pair


def training():
    pair = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval()
    pair[1].train()
    return pair


@pytest.mark.parametrize(
    'build',
    [
        *(Forked, Swapped, Steered, Shared, activating, heard, training),
    ],
)
def test_what_is_no_pair_stays(build):
    model = build()
    if build is not training:
        model.eval()
    before = list(model.modules())
    assert fuse_conv_bn(model) == []
    assert list(model.modules()) == before


@torch.no_grad()
def test_biases_affine_free_norms_groups_and_memory_format():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 6, 3, stride=2, dilation=2, groups=2),
        nn.BatchNorm2d(6, affine=False),
        nn.Conv2d(6, 5, 3, padding=1, padding_mode='reflect', bias=False),
        nn.BatchNorm2d(5),
    )
    for norm in (model[1], model[3]):
        nn.init.uniform_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.1, 2)
    model.eval().to(memory_format=torch.channels_last)
    images = torch.randn(2, 4, 17, 22)
    before = model(images)
    assert len(fuse_conv_bn(model)) == 4
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model(images), before, rtol=1e-5, atol=1e-5)
