"""Predictions of every model and CAM method on a pretended GPU."""

import pytest
import torch
from gpu_cases import CLASSIFIERS, OTHERS, batch, samples_to_predict
from pretended_gpu import CPU, GPU, PretendedGPU
from pretended_gpu import pretended_autocast as autocast

from projects.amr.ops.walk_solvers import SOLVERS

SCALES = {'scales': (0.5, 1.0), 'output_stride': 2}
# Those whose losses alone differ are left out.
NAMES = [
    *('cam', 'stage_amm', 'amr', 'amr_release', 'seam', 'seam_amr'),
    *('irnet', 'affinity_net', 'deeplab'),
]
MODELS = {name: {**CLASSIFIERS, **OTHERS}[name] for name in NAMES}
METHODS = {
    'plain': {'type': 'MultiScaleCAM'},
    'adv_cam': {
        'extractor': {'type': 'AdvCAM', 'num_steps': 2},
        'max_batch': 2,
    },
    'library_cam': {
        'extractor': {'type': 'LibraryCAM', 'method': 'GradCAMPlusPlus'}
    },
}


def predicted(model, samples, device=CPU):
    """Data samples of a test step, which must all be on one device."""
    results = model.eval().test_step(batch(samples))
    found = []
    for result in results:
        fields = {
            f'{key}.{name}': value
            for key, field in result.items()
            for name, value in _tensors(field)
        }
        assert {value.device for value in fields.values()} == {device}
        found.append({key: value.cpu() for key, value in fields.items()})
    return found


def _tensors(field):
    if isinstance(field, torch.Tensor):
        return [('data', field)]
    return list(field.items())


def both(make, samples):
    """Predictions made on the CPU and on the GPU."""
    torch.manual_seed(0)
    expected = predicted(make(), samples)
    torch.manual_seed(0)
    model = make()
    with PretendedGPU():
        return expected, predicted(model.to('cuda'), samples, GPU)


def assert_equal(expected, found):
    assert expected
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('name', MODELS)
def test_predictions_are_those_of_the_cpu(name):
    torch.manual_seed(3)
    samples = samples_to_predict(name)
    test_cfg = {'test_cfg': SCALES} if name in CLASSIFIERS else {}
    assert_equal(*both(lambda: MODELS[name](**test_cfg), samples))


@pytest.mark.parametrize('labelled', [True, False])
@pytest.mark.parametrize('name', METHODS)
def test_every_method_makes_the_cams_of_the_cpu(name, labelled):
    if name == 'library_cam':
        pytest.importorskip('pytorch_grad_cam')
    samples = samples_to_predict('amr')
    for sample in () if labelled else samples:
        del sample.gt_label
    test_cfg = {**SCALES, **METHODS[name]}
    assert_equal(*both(lambda: CLASSIFIERS['amr'](test_cfg=test_cfg), samples))


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('name', ['irnet', 'affinity_net'])
def test_every_solver_walks_on_the_gpu(name, solver):
    def make():
        model = MODELS[name]()
        model.test_cfg['solver'] = solver
        return model

    assert_equal(*both(make, samples_to_predict(name)))


@pytest.mark.parametrize('name', MODELS)
def test_short_of_memory_the_cpu_takes_over(name, monkeypatch):
    """The results are on the GPU again, and so is the model."""
    samples = samples_to_predict(name)
    torch.manual_seed(0)
    model = MODELS[name]()
    expected = predicted(model, samples)
    plain = torch.nn.Conv2d.forward

    def exhausted(self, x):
        if x.is_cuda:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return plain(self, x)

    with PretendedGPU():
        model.to('cuda')
        monkeypatch.setattr(torch.nn.Conv2d, 'forward', exhausted)
        found = predicted(model, samples, GPU)
        assert {p.device for p in model.parameters()} == {GPU}
        assert model.data_preprocessor.device.type == 'cuda'
    assert_equal(expected, found)


@pytest.mark.parametrize('name', [*MODELS, *METHODS])
def test_half_precision_mixes_no_types(name, monkeypatch):
    if name == 'library_cam':
        pytest.importorskip('pytorch_grad_cam')
    method = {**SCALES, **METHODS.get(name, {})}
    name = 'amr' if name in METHODS else name
    test_cfg = {'test_cfg': method} if name in CLASSIFIERS else {}
    with PretendedGPU():
        model = MODELS[name](**test_cfg).to('cuda')
        with autocast(monkeypatch, torch.float16):
            found = predicted(model, samples_to_predict(name), GPU)
    for fields in found:
        for key, value in fields.items():
            assert not value.is_floating_point() or (
                value.dtype == torch.float32 and value.isfinite().all()
            ), key
