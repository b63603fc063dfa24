"""Row 24 of the table of faults: tiny, huge and very narrow images."""

import numpy as np
import pytest
import torch
from affinity_configs import affinity_net, irnet, with_cam
from known_classifier import Known, maps
from segmentor_configs import meta, segmentor_config

from model_configs import AMM, NUM_CLASSES, amr, build
from projects.amr.models import MultiScaleCAM
from projects.amr.models.bounded_images import bounded_images
from projects.amr.ops import label_crf
from projects.amr.ops.label_crf import LabelCRF
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.seeds import affinity_seed, confident_seed
from projects.amr.structures import CAMRecord

SIZES = [(1, 1), (1, 16), (16, 1), (2, 3), (16, 16), (3, 400), (400, 3)]
ALL = torch.ones(NUM_CLASSES)


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
        for crf in ('dense', None):
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


def test_fault24_large_views_are_made_smaller():
    sizes = []

    class Watching(Known):
        def map_of(self, name, views):
            sizes.append(tuple(views.shape[-2:]))
            return super().map_of(name, views)

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


def test_fault24_large_images_that_are_padded_for_the_network():
    torch.manual_seed(1)
    padding = {'type': 'SegDataPreProcessor', 'test_cfg': {'size_divisor': 32}}
    config = segmentor_config(data_preprocessor=padding)
    model = build(config, training=False)
    image = torch.randn(3, 50, 70)
    sample = meta((50, 70))
    model.test_cfg['max_pixels'] = 1000
    (got,) = model.test_step({'inputs': [image], 'data_samples': [sample]})
    padded = torch.nn.functional.pad(image, (0, 26, 0, 14))[None]
    small = bounded_images(padded, 1000)
    logits = model.encode_decode(small, [meta((25, 38)).metainfo])
    enlarged = torch.nn.functional.interpolate(
        logits, (64, 96), mode='bilinear', align_corners=False
    )
    want = enlarged[0, :, :50, :70].argmax(0)
    assert (got.pred_sem_seg.data[0] == want).float().mean() > 0.99


def test_fault24_a_crf_of_a_large_image_is_bounded(monkeypatch):
    monkeypatch.setattr(label_crf, 'MAX_CRF_PIXELS', 500)
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 200
    labels = (image[..., 0] > 0).astype(np.uint8)
    with pytest.warns(UserWarning, match='CRF'):
        cleaner = LabelCRF(image)
    refined = cleaner.refine(labels, 2)
    assert refined.shape == (40, 60)
    assert (refined == labels).mean() > 0.95
    unary = np.stack([labels, 1 - labels]).astype(np.float32) * 3
    found = cleaner.infer(unary)
    assert (found == labels).mean() > 0.95
    both = cleaner.infer(np.stack([unary, unary[::-1]]))
    assert both.tolist() == [found.tolist(), (1 - found).tolist()]


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
