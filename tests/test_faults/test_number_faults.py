"""Rows 23 to 25 of the table of faults: CAMs, sizes and memory."""

import json

import numpy as np
import pytest
import torch
from affinity_configs import affinity_net, irnet, with_cam
from mmengine.runner import Runner
from mmseg.structures import SegDataSample
from runner_configs import tiny_config
from segmentor_configs import segmentor_config

from model_configs import AMM, NUM_CLASSES, amr, branch, build
from projects.amr.engine.cam_status import CAMStatus
from projects.amr.engine.launch import run_tool
from projects.amr.errors import EmptyCAMError, MemoryExhaustedError
from projects.amr.models import MultiScaleCAM
from projects.amr.models.affinity import base_affinity_network
from projects.amr.models.bounded_images import bounded_images
from projects.amr.models.cam_methods import multi_scale_cam
from projects.amr.models.segmentors import bounded_inference
from projects.amr.ops import label_crf
from projects.amr.ops.cam import normalize_cam
from projects.amr.ops.label_crf import LabelCRF
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.seeds import affinity_seed, confident_seed
from projects.amr.structures import CAMRecord

SIZES = [(1, 1), (1, 16), (16, 1), (2, 3), (16, 16), (3, 400), (400, 3)]
ALL = torch.ones(NUM_CLASSES)


class Known:
    """A classifier of fixed maps; two branches, fused by their mean."""

    final = 'mean'

    def __init__(self, **maps):
        self.maps = maps

    def branch_cams(self, views):
        return {
            name: cam.expand(len(views), -1, -1, -1)
            for name, cam in self.maps.items()
        }

    def view_cams(self, views):
        cams = self.branch_cams(views)
        return cams, {name: cam.mean((-2, -1)) for name, cam in cams.items()}

    def fuse_cams(self, cams):
        return {**cams, 'mean': sum(cams.values()) / len(cams)}

    def fuse_scores(self, logits):
        return torch.stack(list(logits.values())).sigmoid().mean(0)


def maps(*values):
    """One map a value, with it in a corner and 0.5 elsewhere."""
    cam = torch.full((1, len(values), 4, 4), 0.5)
    for index, value in enumerate(values):
        cam[0, index, 0, 0] = value
    return cam


def test_fault23_maps_that_are_not_finite_give_no_nan():
    cam = maps(1.0, float('nan'), float('inf'), -1.0)[0]
    cam[3] = -1
    got = normalize_cam(cam)
    assert got.isfinite().all()
    assert got.amax((1, 2)).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize('bad', ['nan', 'inf', '-inf', 'empty'])
def test_fault23_the_class_is_dropped_and_the_others_stay(bad):
    cam = maps(1.0, 1.0, 2.0)
    cam[0, 1] = -1 if bad == 'empty' else cam[0, 1]
    if bad != 'empty':
        cam[0, 1, 2, 2] = float(bad)
    method = MultiScaleCAM(flip=False, output_stride=1)
    model = Known(one=cam)
    (got,) = method(model, [torch.zeros(3, 4, 4)], [ALL])
    if bad == '-inf':  # rectified, it is 0
        assert got.dropped == ()
        return
    assert got.classes.tolist() == [0, 2]
    assert got.dropped == (1,)
    assert got.cams['mean'].shape == (2, 4, 4)
    assert got.cams['mean'].isfinite().all()
    assert got.scores.isfinite().all()


def test_fault23_one_empty_branch_keeps_the_class_a_nan_drops_it():
    method = MultiScaleCAM(flip=False, output_stride=1)
    image = torch.zeros(3, 4, 4)
    sound, empty = maps(1.0, 1.0), maps(1.0, 1.0)
    empty[0, 1] = -1
    (got,) = method(Known(one=sound, two=empty), [image], [torch.ones(2)])
    assert got.dropped == ()
    assert got.cams['mean'][1].max() == 0.5
    empty[0, 1] = float('nan')
    (got,) = method(Known(one=sound, two=empty), [image], [torch.ones(2)])
    assert got.dropped == (1,)


def test_fault23_status_of_a_record(tmp_path):
    cam = np.ones((1, 2, 2))
    record = CAMRecord([3], cam, (8, 8), dropped=[1, 4])
    loaded = CAMRecord.load(record.save(tmp_path / 'a.npz'))
    assert loaded.dropped.tolist() == [1, 4]
    assert loaded.status == 'empty_cam'
    assert CAMRecord([3], cam, (8, 8)).status == 'ok'
    nothing = CAMRecord([], np.ones((0, 2, 2)), (8, 8))
    assert nothing.status == 'no_label'
    with pytest.raises(ValueError, match='must not be among'):
        CAMRecord([3], cam, (8, 8), dropped=[3])


def test_fault23_the_share_decides(toy_root, tmp_path):
    """One of four classes has NaN weights: told, then refused."""

    def run(name, max_empty):
        cfg = tiny_config(toy_root, tmp_path / 'work', branch())
        cfg.experiment_name = name
        cfg.custom_hooks[1].update(
            out_dir=str(tmp_path / 'cams'), max_empty=max_empty
        )
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        torch.nn.init.constant_(runner.model.head.classifier.weight, 1.0)
        runner.model.head.classifier.weight.data[1] = float('nan')
        return runner.test()

    run(f'{tmp_path.name}_a', 1.0)
    records = {
        path.stem: CAMRecord.load(path)
        for path in (tmp_path / 'cams').glob('*.npz')
    }
    empty = {k for k, r in records.items() if r.status == 'empty_cam'}
    assert 0 < len(empty) < len(records)
    assert all(1 not in record.classes for record in records.values())
    status = json.loads((tmp_path / 'cams/status.json').read_text())
    assert status['empty_cam'] == len(empty)
    assert status['ok'] == len(records) - len(empty)
    assert set(status['classes_without_cam']) == empty
    # On a rerun the records are kept, and count all the same.
    with pytest.raises(EmptyCAMError, match='max_empty') as error:
        run(f'{tmp_path.name}_b', 0.05)
    assert error.value.exit_code == 3
    assert any(image_id in str(error.value) for image_id in empty)


def test_fault23_the_limit_is_a_share_of_labelled_images():
    status = CAMStatus()
    for number in range(19):
        status.add(str(number), [0], [])
    status.add('x', [], [2])
    status.add('y', [], [])
    status.require(0.05, status.labelled)
    with pytest.raises(EmptyCAMError, match='1 of 20'):
        status.require(0.04, status.labelled)
    joined = CAMStatus.joined([status, CAMStatus(ok=1)])
    assert (joined.labelled, joined.no_label) == (21, ['y'])


@pytest.fixture(scope='module')
def networks():
    """One small network a stage."""
    torch.manual_seed(0)
    return {
        'amr': build(amr(), training=False),
        'irnet': irnet(),
        'affinity_net': affinity_net(),
        'segmentor': build(segmentor_config(), training=False),
    }


@pytest.mark.parametrize('size', SIZES)
def test_fault24_tiny_and_narrow_images_pass_every_stage(networks, size):
    image = torch.randn(3, *size)
    method = MultiScaleCAM(scales=(0.5, 1.0, 2.0))
    (made,) = method(networks['amr'], [image], [ALL])
    record = CAMRecord(
        made.classes.numpy(), made.cams['weighted'].numpy(), size
    )
    assert record.cam.shape[1:] == (-(-size[0] // 4), -(-size[1] // 4))
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    cam = np.random.default_rng(1).random((2, *size), np.float32)
    for recipe in (confident_seed, affinity_seed):
        for crf in ('dense', 'local', None):
            seed = recipe(rgb, cam, [0, 2], crf=crf)
            assert seed.shape == size
            assert set(np.unique(seed)) <= {0, 1, 3, 255}
    boundary = torch.rand(-(-size[0] // 4), -(-size[1] // 4))
    walked = walk_to_scores(torch.from_numpy(cam), boundary, size)
    assert walked.shape == (2, *size)
    assert walked.isfinite().all()
    for name in ('irnet', 'affinity_net'):
        sample = with_cam(size, shape=record.cam.shape[1:])
        (got,) = networks[name].predict([image], [sample])
        assert got.pred_sem_seg.data.shape == (1, *size)
        assert got.pred_cam.walked.isfinite().all()
    (got,) = networks['segmentor'].predict(image[None], [meta(size)])
    assert got.pred_sem_seg.data.shape == (1, *size)
    assert got.seg_logits.data.isfinite().all()


def meta(size):
    """A sample as the packing leaves it."""
    return SegDataSample(
        metainfo={'ori_shape': size, 'img_shape': size, 'pad_shape': size}
    )


def test_fault24_large_views_are_made_smaller():
    sizes = []

    class Watching(Known):
        def branch_cams(self, views):
            sizes.append(tuple(views.shape[-2:]))
            return super().branch_cams(views)

    method = MultiScaleCAM(scales=(0.5, 1.0, 2.0), max_view_pixels=1200)
    (got,) = method(
        Watching(one=maps(1.0)), [torch.zeros(3, 60, 80)], [torch.ones(1)]
    )
    assert sizes == [(30, 40)] * 3
    assert got.cams['mean'].shape == (1, 15, 20)
    free = MultiScaleCAM(scales=(2.0,), max_view_pixels=None)
    free(Watching(one=maps(1.0)), [torch.zeros(3, 60, 80)], [torch.ones(1)])
    assert sizes[-1] == (120, 160)
    with pytest.raises(ValueError, match='max_view_pixels'):
        MultiScaleCAM(max_view_pixels=0)


def test_fault24_large_images_of_the_affinity_networks():
    image, sample = torch.randn(3, 64, 96), with_cam((64, 96), shape=(16, 24))
    for build_network in (irnet, affinity_net):
        model = build_network(test_cfg={'max_pixels': 64 * 96 // 4})
        (got,) = model.predict([image], [sample.clone()])
        assert got.pred_sem_seg.data.shape == (1, 64, 96)
        if 'pred_boundary' in got:
            assert got.pred_boundary.data.shape == (1, 8, 12)


def test_fault24_large_images_of_a_segmentor():
    torch.manual_seed(1)
    config = segmentor_config()
    whole = build(config, training=False)
    bounded = build(config, training=False)
    bounded.load_state_dict(whole.state_dict())
    bounded.test_cfg['max_pixels'] = 1000
    image = torch.randn(1, 3, 64, 96)
    (got,) = bounded.predict(image, [meta((64, 96))])
    assert 'seg_logits' not in got
    small = bounded_images(image, 1000)
    assert small.shape[-2:] == (25, 38)
    # Scores are nowhere of the image's size, which is what takes the memory.
    scores = bounded.inference(image, [meta((64, 96)).metainfo])
    assert scores.shape[-2:] == (25, 38)
    # An image without a sample has no other size to come back to.
    (alone,) = bounded.predict(image)
    assert alone.pred_sem_seg.shape == (64, 96)
    logits = whole.encode_decode(small, [meta((25, 38)).metainfo])
    enlarged = torch.nn.functional.interpolate(
        logits, (64, 96), mode='bilinear', align_corners=False
    )
    same = got.pred_sem_seg.data[0] == enlarged[0].argmax(0)
    assert same.float().mean() > 0.99
    flipped = meta((64, 96))
    flipped.set_metainfo({'flip': True, 'flip_direction': 'horizontal'})
    (mirrored,) = bounded.predict(image, [flipped])
    assert torch.equal(
        mirrored.pred_sem_seg.data, got.pred_sem_seg.data.flip(-1)
    )


@pytest.mark.parametrize('crf', ['dense', 'local'])
def test_fault24_a_crf_of_a_large_image_is_bounded(monkeypatch, crf):
    monkeypatch.setattr(label_crf, 'MAX_CRF_PIXELS', 500)
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 200
    labels = (image[..., 0] > 0).astype(np.uint8)
    with pytest.warns(UserWarning, match='CRF'):
        cleaner = LabelCRF(image, crf)
    refined = cleaner.refine(labels, 2)
    assert refined.shape == (40, 60)
    assert (refined == labels).mean() > 0.95
    unary = np.stack([labels, 1 - labels]).astype(np.float32) * 3
    assert (cleaner.infer(unary) == labels).mean() > 0.95


def test_fault24_batch_companions_do_not_matter():
    """Nor with the released AMM, whose statistics are the batch's."""
    images = list(torch.randn(3, 3, 40, 56))
    method = MultiScaleCAM(scales=(0.5, 1.0))
    released = {
        **AMM,
        'modulation': {'type': 'gaussian', 'stats': 'batch'},
    }
    for config, exact in ((amr(), False), (amr(released), True)):
        model = build(config, training=False)
        together = method(model, images, [ALL] * 3)
        for image, one in zip(images, together, strict=True):
            (alone,) = method(model, [image], [ALL])
            assert alone.classes.tolist() == one.classes.tolist()
            tolerance = 0 if exact else 2e-3
            torch.testing.assert_close(
                alone.cams, one.cams, rtol=0, atol=tolerance
            )


class Exhausted:
    """Raises as a full GPU does, for more than ``most`` images at once."""

    def __init__(self, call, most):
        self.call = call
        self.most = most
        self.sizes = []

    def __call__(self, inputs, *args):
        self.sizes.append(len(inputs))
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError('CUDA out of memory')
        return self.call(inputs, *args)


def test_fault25_cams_are_made_one_by_one(caplog):
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
    assert not model.one_by_one
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
            raise torch.OutOfMemoryError('CUDA out of memory')
        return self.call(inputs, *args)


@pytest.fixture
def cpu_is_elsewhere(monkeypatch):
    """The way of last resort is there, as if the model were on a GPU."""
    for module in (base_affinity_network, bounded_inference, multi_scale_cam):
        monkeypatch.setattr(
            module, 'cpu_way', lambda _, compute: [('on the CPU', compute)]
        )


def test_fault25_the_cpu_is_the_last_resort(cpu_is_elsewhere):
    image, sample = torch.randn(3, 33, 47), with_cam()
    model = irnet()
    (want,) = model.predict([image], [sample.clone()])
    watch = ExhaustedAtFirst(model.backbone.forward, most=2)
    model.backbone.forward = watch
    (got,) = model.predict([image], [sample.clone()])
    assert watch.sizes == [2, 1, 2]
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
        raise torch.OutOfMemoryError('CUDA out of memory. Tried 2 GiB')

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
