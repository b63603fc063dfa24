import pytest
import torch
from mmseg.models.backbones.resnet import Bottleneck
from torch import nn

from model_configs import AMM, backbone, build
from projects.amr.models.plugins import AttentionModulation
from projects.amr.models.plugins.attention_modulation import GateNorm
from projects.amr.ops import gaussian_modulation, threshold_modulation


def test_channel_then_spatial_by_hand():
    amm = AttentionModulation(6, kernel_size=3)
    x = torch.randn(2, 6, 5, 7)
    weight, bias = amm.channel.weight[:, :, 0, 0], amm.channel.bias
    gate_c = gaussian_modulation(x.mean((2, 3)) @ weight.T + bias)
    f_c = gate_c[:, :, None, None] * x
    gate_s = gaussian_modulation(amm.spatial(f_c.mean(1, keepdim=True)))
    torch.testing.assert_close(amm(x), gate_s * f_c)


def test_parts_can_be_switched_off():
    x = torch.randn(2, 6, 5, 7)
    only_channel = AttentionModulation(6, spatial=False)
    ratio = only_channel(x) / x
    torch.testing.assert_close(ratio, ratio[..., :1, :1].expand_as(ratio))
    only_spatial = AttentionModulation(6, channel=False)
    ratio = only_spatial(x) / x
    torch.testing.assert_close(
        ratio, ratio[:, :1].expand_as(ratio), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(ValueError, match='leave the plugin out'):
        AttentionModulation(6, channel=False, spatial=False)


def test_threshold_gates_are_zero_or_one():
    amm = AttentionModulation(6, modulation={'type': 'threshold'})
    x = torch.randn(2, 6, 5, 7)
    attention = amm.channel(x.mean((2, 3), keepdim=True))
    assert torch.equal(amm.channel_gate(x), threshold_modulation(attention))


@pytest.mark.parametrize(
    'changes',
    [
        {'channel_transform': 'mlp'},
        {'channel_transform': 'mlp', 'reduction': 2},
        {'spatial_transform': 'max_mean'},
        {'kernel_size': 3},
        {'modulation': {'type': 'threshold'}},
        {'modulation': {'type': 'gaussian', 'peak': False}},
    ],
)
def test_each_option_changes_the_result(changes):
    x = torch.randn(2, 32, 5, 7)
    outputs = []
    for options in ({}, changes):
        torch.manual_seed(0)
        outputs.append(AttentionModulation(32, **options)(x))
    assert not torch.allclose(*outputs)


def test_few_channels_keep_one_between_the_two_transforms():
    x = torch.randn(2, 8, 5, 7)  # fewer than the reduction
    amm = AttentionModulation(8, channel_transform='mlp', spatial=False)
    first, _, last = amm.channel
    nn.init.ones_(first.bias)
    middle = x.mean((2, 3)) @ first.weight[:, :, 0, 0].T + 1
    want = middle.relu() @ last.weight[:, :, 0, 0].T + last.bias
    torch.testing.assert_close(amm.channel_attention(x)[..., 0, 0], want)
    assert middle.shape == (2, 1)


THRESHOLDED = {
    'spatial_transform': 'max_mean',
    'modulation': {'type': 'threshold'},
}


@pytest.mark.parametrize(
    ('options', 'mixes'),
    [
        ({}, False),
        ({'norm_always_train': False, **THRESHOLDED}, False),
        ({'norm_always_train': True, **THRESHOLDED}, True),
        ({'modulation': {'type': 'gaussian', 'stats': 'batch'}}, True),
    ],
)
def test_it_tells_whether_it_mixes_images(options, mixes):
    amm = AttentionModulation(4, **options).eval()
    assert amm.mixes_images is mixes
    x = torch.randn(2, 4, 9, 9)
    x[1] += 3
    assert torch.allclose(amm(x)[:1], amm(x[:1]), atol=1e-5) is not mixes


def test_norm_takes_a_single_value_by_its_running_statistics():
    norm = GateNorm(1, always_train=True, eps=1e-12)
    norm.running_mean.fill_(1.0)
    norm.running_var.fill_(4.0)
    x = torch.full((1, 1, 1, 1), 5.0)
    assert norm(x).item() == 2
    assert norm.running_mean.item() == 1
    pair = norm(torch.cat([x, -x]))
    torch.testing.assert_close(pair.flatten(), torch.tensor([1.0, -1.0]))


def test_norm_moves_by_a_hundredth_as_released():
    amm = AttentionModulation(4, spatial_transform='max_mean')
    x = 3 + torch.randn(2, 4, 9, 9)
    amm(x)
    gated = amm.channel_gate(x) * x
    response = amm.spatial[0](
        torch.stack([gated.amax(1), gated.mean(1)], dim=1)
    )
    norm = amm.spatial[1]
    torch.testing.assert_close(norm.running_mean[0], response.mean() / 100)


@pytest.mark.parametrize('shape', [(1, 1, 1, 1), (1, 1, 3, 5), (2, 6, 1, 1)])
@pytest.mark.parametrize('kind', ['gaussian', 'threshold'])
def test_one_image_channel_or_pixel_stays_finite(shape, kind):
    """With bfloat16 too, in which deviations of this size are 0."""
    amm = AttentionModulation(shape[1], modulation={'type': kind})
    for half in (False, True):
        x = torch.randn(shape, requires_grad=True)
        with torch.autocast('cpu', torch.bfloat16, enabled=half):
            out = amm(x.bfloat16() if half else x)
        out.float().sum().backward()
        assert out.isfinite().all()
        assert x.grad.isfinite().all()
        if kind == 'gaussian' and shape[1:] == (1, 1, 1):
            assert torch.equal(out, x.bfloat16() if half else x)  # gates of 1


def test_gradients_of_the_module_by_finite_differences():
    amm = AttentionModulation(3, kernel_size=3).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(amm, x)


def test_plugin_sits_before_the_residual_addition():
    """A block's output is ReLU(AMM(norm3(...)) + identity), numerically."""
    model = build(
        {
            **backbone(AMM),
            'type': 'ResNet',
            'depth': 50,
            'stem_channels': 8,
            'base_channels': 8,
        },
        training=False,
    )
    blocks = [m for m in model.modules() if isinstance(m, Bottleneck)]
    assert len(blocks) == 16
    assert all(len(b.after_conv3_plugin_names) == 1 for b in blocks)
    block = model.layer2[1]
    nn.init.normal_(block.norm3.weight)  # zero at initialisation
    x = torch.randn(2, 64, 9, 7)
    out = block.relu(block.norm1(block.conv1(x)))
    out = block.relu(block.norm2(block.conv2(out)))
    out = block.norm3(block.conv3(out))
    amm = getattr(block, block.after_conv3_plugin_names[0])
    assert isinstance(amm, AttentionModulation)
    torch.testing.assert_close(block(x), (amm(out) + x).relu())
    assert not torch.allclose(block(x), (out + x).relu())


@pytest.mark.parametrize('norm_eval', [False, True])
@pytest.mark.parametrize('always_train', [False, True])
def test_norms_of_a_resnet_switch_mode_unless_kept(norm_eval, always_train):
    amm = dict(spatial_transform='max_mean', norm_always_train=always_train)
    model = build(backbone({**AMM, **amm}, norm_eval=norm_eval))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(isinstance(m, GateNorm) for m in norms) == 4
    for mode in (True, False, True):
        model.train(mode)
        for norm in norms:
            kept = always_train and isinstance(norm, GateNorm)
            assert norm.training is (kept or (mode and not norm_eval))


@pytest.mark.parametrize('kind', ['gaussian', 'threshold'])
def test_closed_residual_branch_can_open(kind):
    """As zero_init_residual starts it: the last norm's gain is 0."""
    norm = nn.BatchNorm2d(6)
    nn.init.zeros_(norm.weight)
    amm = AttentionModulation(6, kernel_size=3, modulation={'type': kind})
    for layer in (amm.channel, amm.spatial):
        nn.init.zeros_(layer.bias)  # as mmengine initialises convolutions
    x, target = torch.randn(2, 2, 6, 5, 7)
    (amm(norm(x)) * target).sum().backward()
    open_gate = nn.BatchNorm2d(6)
    nn.init.zeros_(open_gate.weight)
    (open_gate(x) * target).sum().backward()
    torch.testing.assert_close(norm.weight.grad, open_gate.weight.grad)
