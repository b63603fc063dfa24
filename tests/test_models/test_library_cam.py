"""The library's methods, where it is installed, and the way to it."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from pretended_gpu import cpu_autocast

from model_configs import NUM_CLASSES, amr, branch, build
from projects.amr.errors import MissingDependencyError
from projects.amr.models import LibraryCAM, MultiScaleCAM

LABELS = [torch.ones(NUM_CLASSES), torch.tensor([0.0, 1.0, 0.0])]


@pytest.fixture
def library():
    return pytest.importorskip(
        'pytorch_grad_cam', reason="needs the extra: pip install '.[cam]'"
    )


def stretched(cam):
    """Maps (..., h, w) from 0 to 1, as the library gives them."""
    cam = cam - cam.amin((-2, -1), keepdim=True)
    return cam / cam.amax((-2, -1), keepdim=True)


def config(method, **settings):
    return {'type': 'LibraryCAM', 'method': method, **settings}


def test_without_the_library_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    with pytest.raises(MissingDependencyError, match=r"install '\.\[cam\]'"):
        LibraryCAM('GradCAM')
    with pytest.raises(MissingDependencyError):
        build({**branch(), 'test_cfg': {'extractor': config('GradCAM')}})


def test_grad_cam_is_the_plain_cam_stretched(library):
    net, image = build(branch(), training=False), torch.randn(1, 3, 40, 56)
    method = MultiScaleCAM(
        flip=False, output_stride=1, extractor=config('GradCAM')
    )
    with torch.no_grad():
        got, _ = method.merged_cams(net, image, LABELS[:1])
        plain = net(image)['cam'].relu()
    up = torch.nn.functional.interpolate(plain, (40, 56), mode='bilinear')
    # The library stretches before and after it enlarges.
    torch.testing.assert_close(got['cam'], stretched(up), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    'name', ['GradCAMPlusPlus', 'HiResCAM', 'LayerCAM', 'SESS', 'FullGrad']
)
def test_methods_run_for_both_branches_and_leave_no_trace(library, name):
    net = build(amr(), training=False)
    method = MultiScaleCAM(scales=(0.5, 1.0), extractor=config(name))
    batch = torch.randn(2, 3, 33, 47)
    with torch.no_grad():
        results = method(net, batch.unbind(), LABELS)
    for result, label in zip(results, LABELS, strict=True):
        assert set(result.cams) == {'spotlight', 'compensation', 'weighted'}
        for part in ('spotlight', 'compensation'):
            cam = result.cams[part]
            assert cam.shape == (int(label.sum()), 9, 12)
            assert cam.amin() >= 0
            # A map without anything positive is 0.
            assert set(cam.amax((1, 2)).tolist()) <= {0.0, 1.0}
    assert results[0].cams['weighted'].any()
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    hooks = [len(m._forward_hooks) for m in net.modules()]
    assert sum(hooks) == 0
    assert not net.training


def test_method_layers_and_their_arguments_matter(library):
    net, image = build(branch(), training=False), torch.randn(1, 3, 33, 47)

    def cam(name, max_batch=8, **settings):
        method = MultiScaleCAM(
            extractor=config(name, **settings), max_batch=max_batch
        )
        with torch.no_grad():
            return method.merged_cams(net, image, LABELS[:1])[0]['cam']

    plain = cam('GradCAM')
    assert not torch.allclose(cam('LayerCAM'), plain)
    assert not torch.allclose(
        cam('GradCAM', layers=('backbone.layer2',)), plain
    )
    base = cam('FinerCAM', method_cfg={'base_method': library.LayerCAM})
    assert not torch.allclose(base, cam('FinerCAM'))
    torch.testing.assert_close(
        cam('GradCAM', max_batch=1), plain, rtol=1e-4, atol=1e-5
    )


def test_gradients_of_training_survive(library):
    """The library sets all gradients of its model to nothing."""
    net = build(branch(), training=False)
    net.head.classifier.weight.grad = torch.ones(NUM_CLASSES, 128, 1, 1)
    MultiScaleCAM(extractor=config('GradCAM'))(
        net, [torch.randn(3, 33, 47)], LABELS[:1]
    )
    assert (net.head.classifier.weight.grad == 1).all()


def test_an_unknown_method_is_named(library):
    with pytest.raises(ValueError, match='GradCAMPlusPlus'):
        LibraryCAM('NoSuchCAM')
    with pytest.raises(ValueError, match='ActivationsAndGradients'):
        LibraryCAM('ActivationsAndGradients')


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_the_library_sees_full_precision(monkeypatch, dtype):
    """It works in numpy; a stand-in notes what it is given."""
    seen = []

    class BaseCAM:
        def __init__(self, model, layers):
            self.model = model
            layers[0].register_forward_hook(
                lambda _m, _i, out: seen.append(out)
            )

    class Spy(BaseCAM):
        def __call__(self, input_tensor, targets):
            seen.append(self.model(input_tensor))
            for found in seen:
                found.detach().numpy()
            return np.ones((len(input_tensor), 4, 5), np.float32)

    library = ModuleType('pytorch_grad_cam')
    library.base_cam = ModuleType('base_cam')
    library.base_cam.BaseCAM = BaseCAM
    library.Spy = Spy
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', library)
    net = build(branch(), training=False)
    with cpu_autocast(dtype):
        MultiScaleCAM(extractor=config('Spy'))(
            net, [torch.randn(3, 33, 47)], LABELS[:1]
        )
    assert {found.dtype for found in seen} == {torch.float32}
