"""Row 25 of the table of faults: the device runs out of memory."""

import pytest
import torch
from affinity_configs import irnet, with_cam
from segmentor_configs import meta, segmentor_config

from model_configs import NUM_CLASSES, amr, build
from projects.amr.errors import MemoryExhaustedError
from projects.amr.models import MultiScaleCAM, memory
from projects.amr.workflow.launch.tool_setup import run_tool

ALL = torch.ones(NUM_CLASSES)


class Exhausted:
    """Raises as a full GPU does, for more than ``most`` images at once."""

    def __init__(self, call, most):
        self.call = call
        self.most = most
        self.sizes = []

    def __call__(self, inputs, *args):
        self.sizes.append(len(inputs))
        if len(inputs) > self.most:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return self.call(inputs, *args)


def test_fault25_cams_are_made_one_by_one():
    model = build(amr(), training=False)
    images = list(torch.randn(2, 3, 40, 56))
    method = MultiScaleCAM(scales=(0.5, 1.0))
    want = method(model, images, [ALL, ALL])
    watch = Exhausted(model.spotlight.backbone.forward, most=1)
    model.spotlight.backbone.forward = watch
    got = method(model, images, [ALL, ALL])
    assert watch.sizes == [4] + [1] * 8
    for one, other in zip(want, got, strict=True):
        torch.testing.assert_close(one.cams, other.cams, rtol=0, atol=2e-3)
    watch.most = 0
    with pytest.raises(MemoryExhaustedError, match='max_view_pixels'):
        method(model, images, [ALL, ALL])


def test_fault25_boundaries_are_made_view_by_view():
    model = irnet()
    image, sample = torch.randn(3, 33, 47), with_cam()
    (want,) = model.predict([image], [sample.clone()])
    watch = Exhausted(model.backbone.forward, most=1)
    model.backbone.forward = watch
    (got,) = model.predict([image], [sample.clone()])
    assert watch.sizes == [2, 1, 1]
    torch.testing.assert_close(got.pred_boundary.data, want.pred_boundary.data)
    watch.most = 0
    with pytest.raises(MemoryExhaustedError, match='max_pixels'):
        model.predict([image], [sample.clone()])


def test_fault25_a_segmentor_goes_image_by_image():
    model = build(segmentor_config(), training=False)
    images = torch.randn(3, 3, 33, 47)
    samples = [meta((33, 47)) for _ in images]
    want = [s.pred_sem_seg.data for s in model.predict(images, samples)]
    watch = Exhausted(model.backbone.forward, most=1)
    model.backbone.forward = watch
    got = [s.pred_sem_seg.data for s in model.predict(images, samples)]
    assert watch.sizes == [3, 1, 1, 1]
    assert all(torch.equal(a, b) for a, b in zip(want, got, strict=True))
    watch.most = 0
    with pytest.raises(MemoryExhaustedError, match='max_pixels'):
        model.predict(images, samples)


class ExhaustedAtFirst(Exhausted):
    """Raises in the first calls."""

    def __call__(self, inputs, *args):
        self.sizes.append(len(inputs))
        if len(self.sizes) <= self.most:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return self.call(inputs, *args)


@pytest.fixture
def cpu_is_elsewhere(monkeypatch):
    """The way of last resort is there, as if the model were on a GPU."""
    monkeypatch.setattr(memory, 'on_gpu', lambda _: True)


def test_fault25_the_cpu_is_the_last_resort(cpu_is_elsewhere):
    image, sample = torch.randn(3, 33, 47), with_cam()
    model = irnet()
    (want,) = model.predict([image], [sample.clone()])
    watch = ExhaustedAtFirst(model.backbone.forward, most=2)
    model.backbone.forward = watch
    (got,) = model.predict([image], [sample.clone()])
    assert watch.sizes == [2, 1, 1, 1]
    assert torch.equal(got.pred_sem_seg.data, want.pred_sem_seg.data)

    model = build(segmentor_config(), training=False)
    (want,) = model.predict(image[None], [meta((33, 47))])
    watch = ExhaustedAtFirst(model.backbone.forward, most=2)
    model.backbone.forward = watch
    (got,) = model.predict(image[None], [meta((33, 47))])
    assert watch.sizes == [1, 1, 1]
    assert torch.equal(got.pred_sem_seg.data, want.pred_sem_seg.data)

    model = build(amr(), training=False)
    method = MultiScaleCAM()
    (want,) = method(model, [image], [ALL])
    watch = ExhaustedAtFirst(model.spotlight.backbone.forward, most=2)
    model.spotlight.backbone.forward = watch
    (got,) = method(model, [image], [ALL])
    assert watch.sizes == [2, 1, 1, 1]
    torch.testing.assert_close(got.cams, want.cams, rtol=0, atol=2e-3)


def test_fault25_a_training_ends_with_what_to_set(capsys):
    def train():
        raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried 2 GiB')

    with pytest.raises(SystemExit) as stop:
        run_tool(train)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert 'Tried 2 GiB' in message
    assert 'train_dataloader.batch_size' in message

    def broken():
        raise RuntimeError('another')

    with pytest.raises(RuntimeError, match='another'):
        run_tool(broken)
