import pytest
import torch
import torch.nn.functional as F

from model_configs import build
from projects.amr.models import WideResNet38
from projects.amr.models.backbones.wide_blocks import WideBottleneck

ALL = (0, 1, 2, 3, 4, 5)
# (blocks, in, mid, out, stride, first dilation, dilation)
TABLE = (
    (3, 64, 128, 128, 2, 1, 1),
    (3, 128, 256, 256, 2, 1, 1),
    (6, 256, 512, 512, 2, 1, 1),
    (3, 512, 512, 1024, 1, 1, 2),
)


def small(training=False, **changes):
    return build(
        {'type': 'WideResNet38', 'width_divisor': 16, **changes}, training
    )


def test_full_network_has_the_parameters_of_the_layer_table():
    want = 3 * 64 * 9 + 2 * 4096
    for blocks, start, mid, out, *_ in TABLE:
        for channels in [start] + [out] * (blocks - 1):
            want += 2 * channels + 9 * channels * mid
            want += 2 * mid + 9 * mid * out
            want += channels * out if channels != out else 0
    for start, out in ((1024, 2048), (2048, 4096)):
        want += 2 * start + start * out // 4 + start * out
        want += 2 * out // 4 + 9 * (out // 4) * (out // 2)
        want += 2 * out // 2 + out // 2 * out
    with torch.device('meta'):
        net = WideResNet38(out_indices=ALL)
        got = sum(p.numel() for p in net.parameters())
        shapes = [y.shape[1:] for y in net(torch.empty(1, 3, 65, 34))]
    assert got == want
    assert 1.0e8 < got < 1.1e8
    assert shapes == [
        (128, 33, 17),
        (256, 17, 9),
        (512, 9, 5),
        (1024, 9, 5),
        (2048, 9, 5),
        (4096, 9, 5),
    ]


def reference(net, x):
    """The network once more, from the table and functional calls."""

    def norm(x, layer):
        x = F.batch_norm(
            x, layer.running_mean, layer.running_var, layer.weight, layer.bias
        )
        return x.relu()

    x = F.conv2d(x, net.conv1a.weight, padding=1)
    taps = []
    for name, (blocks, *_, stride, first, dilation) in zip(
        ('b2', 'b3', 'b4', 'b5'), TABLE, strict=True
    ):
        for number in range(blocks):
            block = getattr(net, f'{name}_{number}' if number else name)
            s, d = (stride, first) if number == 0 else (1, dilation)
            a = norm(x, block.bn_branch2a)
            taps += [a] if number == 0 else []
            y = F.conv2d(a, block.conv_branch2a.weight, None, s, d, d)
            y = norm(y, block.bn_branch2b1)
            y = F.conv2d(
                y, block.conv_branch2b1.weight, None, 1, dilation, dilation
            )
            if number == 0:
                x = F.conv2d(a, block.conv_branch1.weight, stride=s)
            x = x + y
    for block in (net.b6, net.b7):
        a = norm(x, block.bn_branch2a)
        taps.append(a)
        y = F.conv2d(a, block.conv_branch2a.weight)
        y = norm(y, block.bn_branch2b1)
        y = F.conv2d(y, block.conv_branch2b1.weight, None, 1, 4, 4)
        y = norm(y, block.bn_branch2b2)
        y = F.conv2d(y, block.conv_branch2b2.weight)
        x = F.conv2d(a, block.conv_branch1.weight) + y
    return [*taps[1:], norm(x, net.bn7)]


def randomise_norms(net):
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)


@pytest.mark.parametrize('size', [(33, 47), (1, 40), (64, 64)])
def test_outputs_are_those_of_the_layer_table(size):
    net = small(out_indices=ALL)
    randomise_norms(net)
    x = torch.randn(2, 3, *size)
    for got, want in zip(net(x), reference(net, x), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


def test_outputs_come_in_the_order_asked_for():
    net = small(out_indices=(5, 2))
    last, conv4 = net(torch.randn(1, 3, 16, 16))
    assert (last.shape[1], conv4.shape[1]) == (256, 32)


def test_strides_are_those_of_the_first_stages():
    net = small(out_indices=(0, 1, 2, 5), strides=(1, 2, 1))
    sizes = [tuple(y.shape[2:]) for y in net(torch.randn(1, 3, 17, 20))]
    assert sizes == [(17, 20), (9, 10), (9, 10), (9, 10)]


def test_dilations_are_those_of_the_last_stages():
    net = small(dilations=(3, 5))
    dilated = {
        name.split('.')[0]: module.dilation[0]
        for name, module in net.named_modules()
        if isinstance(module, torch.nn.Conv2d) and module.dilation[0] > 1
    }
    assert dilated == {'b5': 3, 'b5_1': 3, 'b5_2': 3, 'b6': 5, 'b7': 5}
    assert net.b5.conv_branch2a.dilation == (1, 1)
    x = torch.randn(1, 3, 40, 33)
    assert net(x)[0].shape == small()(x)[0].shape


def test_zero_init_leaves_the_shortcuts_alone():
    net = small(zero_init_residual=True, out_indices=ALL, norm_eval=False)
    net.init_weights()
    ends = [
        module.weight
        for name, module in net.named_modules()
        if name.endswith('2b1') and name[:2] in ('b2', 'b3', 'b4', 'b5')
        if isinstance(module, torch.nn.Conv2d)
    ]
    ends += [net.b6.conv_branch2b2.weight, net.b7.conv_branch2b2.weight]
    assert len(ends) == 17
    assert not any(end.any() for end in ends)
    others = [p for p in net.parameters() if not any(p is end for end in ends)]
    assert all(p.any() for p in others if p.ndim > 1)
    x = torch.randn(2, 3, 24, 17)
    outputs = []
    for scale in (1.0, 3.0):
        torch.nn.init.constant_(net.b4_1.conv_branch2a.weight, scale)
        outputs.append(net(x)[-1])
    assert outputs[0].std() > 0
    assert torch.equal(*outputs)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_norm_eval_fixes_statistics_and_affine_parameters(norm_eval):
    net = small(training=True, norm_eval=norm_eval)
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 16 * 2 - 2 + 3 * 2 + 1
    for module in norms:
        assert module.training is not norm_eval
        assert module.weight.requires_grad is not norm_eval
        assert module.bias.requires_grad is not norm_eval
    assert net.b6.dropout_2b1.training
    assert not net.eval().b6.dropout_2b1.training


@pytest.mark.parametrize(
    ('frozen', 'first'),
    [(-1, 'conv1a'), (0, 'b2'), (1, 'b3'), (3, 'b5'), (6, None)],
)
def test_frozen_stages_are_the_first_ones(frozen, first):
    net = small(training=True, frozen_stages=frozen, norm_eval=False)
    trained = [n for n, p in net.named_parameters() if p.requires_grad]
    order = ('conv1a', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'bn7')
    want = order[order.index(first) :] if first else ()
    assert {name.split('.')[0].split('_')[0] for name in trained} == set(want)


def test_dropout_only_in_training():
    block = WideBottleneck(8, 16, 4, 0.5)
    x = torch.randn(2, 8, 6, 6)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))
    assert small().b6.dropout_2b2.p == 0.3
    assert small().b7.dropout_2b1.p == 0.5
    other = small(dropout=(0.1, 0.2))
    shares = [
        module.p
        for module in other.modules()
        if isinstance(module, torch.nn.Dropout2d)
    ]
    assert shares == [0.1, 0.1, 0.2, 0.2]
