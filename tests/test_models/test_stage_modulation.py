import copy

import pytest
import torch
from mmseg.registry import MODELS
from small_transformers import CHANNELS, mmpretrain_vit

from model_configs import AMM, backbone, build


def staged(config, training=True, **options):
    """A backbone behind StageModulation."""
    config = {'type': 'StageModulation', 'backbone': config, **options}
    return build(config, training)


@pytest.mark.parametrize(
    ('config', 'stage', 'channels'),
    [
        (backbone(), 'layer4', 128),
        (
            {
                'type': 'mmpretrain.ResNet',
                'depth': 50,
                'stem_channels': 8,
                'base_channels': 8,
                'out_indices': (3,),
            },
            'layer4',
            256,
        ),
        (mmpretrain_vit(), '', CHANNELS),
    ],
)
def test_last_stage_is_modulated_and_pretrained_keys_stay(
    config, stage, channels
):
    torch.manual_seed(0)
    plain = build(config, training=False)
    torch.manual_seed(0)
    wrapped = staged(config, training=False, stages={stage: channels})
    own = {
        key.removeprefix('backbone.')
        for key in wrapped.state_dict()
        if '.amm.' not in key
    }
    assert own == set(plain.state_dict())
    wrapped.backbone.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(2, 3, 33, 47)
    amm = wrapped.backbone.get_submodule(f'{stage}.amm'.strip('.'))
    torch.testing.assert_close(wrapped(x)[-1], amm(plain(x)[-1]))


def test_block_of_a_wide_resnet_is_modulated_before_its_activation():
    inner = {
        'type': 'WideResNet38',
        'width_divisor': 64,
        'out_indices': (2, 5),
    }
    model = staged(inner, stages={'b4_5': 8, 'b7': 64})
    net = model.backbone
    for dropout in (m for m in net.modules() if 'Dropout' in str(type(m))):
        dropout.p = 0.0
    x = torch.randn(2, 3, 33, 47)
    conv4, conv6 = model(x)
    y = net.conv1a(x)
    for block in [b for stage in range(3) for b in net._blocks(stage)]:
        y = block.forward(y)
    y = net.b4_5.amm(y)
    torch.testing.assert_close(conv4, net.b5.activate(y))
    for block in [b for stage in range(3, 6) for b in net._blocks(stage)]:
        y = block.forward(y)
    torch.testing.assert_close(conv6, net.bn7(net.b7.amm(y)).relu())
    conv6.sum().backward()
    assert net.b4_5.amm.spatial.weight.grad.abs().max() > 0


def test_wide_resnet_freezes_its_own_parts_alone():
    inner = dict(type='WideResNet38', width_divisor=64, frozen_stages=1)
    net = staged(
        inner,
        branches={'b[24].conv_branch2b1': 8},
        amm={**AMM, 'spatial_transform': 'max_mean'},
    ).backbone
    parts = [b.conv_branch2b1.amm for b in (net.b2, net.b4)]
    assert all(p.requires_grad for a in parts for p in a.parameters())
    assert not any(n.training for n in (net.b2.conv_branch2b1, net.bn7))
    assert net.b4.conv_branch2b1.amm.spatial[1].training


@MODELS.register_module(force=True)
class _TupleStageBackbone(torch.nn.Module):
    """A backbone whose stage is no Sequential and returns a tuple."""

    class Stage(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x):
            return 'aside', self.conv(x)

    def __init__(self):
        super().__init__()
        self.stage = self.Stage()

    def forward(self, x):
        return (self.stage(x)[1],)


def test_stage_of_any_kind_is_modulated_also_in_a_copy():
    model = staged({'type': '_TupleStageBackbone'}, stages={'stage': 4})
    x = torch.randn(1, 3, 9, 7)
    stage = model.backbone.stage
    torch.testing.assert_close(model(x)[0], stage.amm(stage.conv(x)))
    twin = copy.deepcopy(model)
    torch.nn.init.zeros_(twin.backbone.stage.conv.weight)
    torch.nn.init.zeros_(twin.backbone.stage.conv.bias)
    assert twin(x)[0].abs().max() == 0
    assert model(x)[0].abs().max() > 0


@pytest.mark.parametrize(
    ('config', 'branches'),
    [
        (backbone(), {'layer4.*.bn3': 128}),
        (
            {
                'type': 'mmpretrain.ConvNeXt',
                'arch': {'depths': [1, 1, 2, 1], 'channels': [4, 8, 16, 24]},
                'gap_before_final_norm': False,
            },
            {'stages.2.[1-9].drop_path': 16},
        ),
    ],
)
def test_residual_branches_are_modulated_and_shortcuts_are_not(
    config, branches
):
    torch.manual_seed(0)
    plain = build(config, training=False)
    for parameter in plain.parameters():
        if parameter.ndim == 1:  # branches start closed
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    model = staged(config, training=False, branches=branches)
    model.backbone.load_state_dict(plain.state_dict(), strict=False)
    gates = [m for n, m in model.named_modules() if n.endswith('.amm')]
    assert gates
    x = torch.randn(2, 3, 65, 47)
    for gate in gates:  # closed: only the shortcut is left
        gate.forward = torch.zeros_like
    assert not torch.equal(model(x)[-1], plain(x)[-1])
    for parameter in _ends(plain, branches):
        parameter.register_forward_hook(lambda *a: torch.zeros_like(a[-1]))
    torch.testing.assert_close(model(x)[-1], plain(x)[-1])


def _ends(network, branches):
    """Modules whose names fit the patterns of these tests."""
    (pattern,) = branches
    stem = pattern.split('.*')[0].split('.[')[0]
    last = pattern.rpartition('.')[2]
    return [
        module
        for name, module in network.named_modules()
        if name.startswith(stem)
        and name.endswith(last)
        and ('[1-9]' not in pattern or '.0.' not in name[len(stem) :])
    ]


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'stages': {'layer9': 128}}, r"'layer9'.*layer4"),
        ({'branches': {'layer9.*': 8}}, 'branches'),
    ],
)
def test_names_that_fit_nothing_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        staged(backbone(), **options)
