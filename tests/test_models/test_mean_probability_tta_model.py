import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample
from segmentor_configs import segmentor_config

from model_configs import build
from projects.amr.errors import UserError


def tta(**changes):
    return build(
        {
            'type': 'MeanProbabilityTTAModel',
            'module': segmentor_config(**changes),
        },
        training=False,
    )


def views(count=3, size=(23, 37)):
    samples = []
    for index in range(count):
        sample = SegDataSample(metainfo={'img_id': 'a', 'img_path': 'a.jpg'})
        sample.seg_logits = PixelData(data=3 * torch.randn(4, *size))
        sample.set_metainfo({'flip': bool(index % 2)})
        sample.gt_sem_seg = PixelData(data=torch.zeros(1, *size).long())
        samples.append(sample)
    return samples


def test_prediction_is_mmseg_s_and_scores_are_the_mean():
    model = tta()
    pair = [views(), views(2)]
    means = [
        torch.stack([v.seg_logits.data.softmax(0) for v in vs]).mean(0)
        for vs in pair
    ]
    copies = [[view.clone() for view in vs] for vs in pair]
    want = SegTTAModel.merge_preds(model, copies)
    got = model.merge_preds(pair)
    for mean, sample, reference in zip(means, got, want, strict=True):
        torch.testing.assert_close(sample.seg_logits.data.softmax(0), mean)
        assert torch.equal(sample.pred_sem_seg.data[0], mean.argmax(0))
        assert torch.equal(
            sample.pred_sem_seg.data, reference.pred_sem_seg.data
        )
        assert sample.img_id == 'a'
        assert 'gt_sem_seg' in sample


def test_certain_scores_stay_finite():
    (sample,) = views(1)
    sample.seg_logits.data *= 1e4
    (merged,) = tta().merge_preds([[sample]])
    assert merged.seg_logits.data.isfinite().all()


def test_an_image_above_the_bound_is_refused_by_name():
    model = tta()
    model.module.test_cfg['max_pixels'] = 23 * 37 - 1
    sample = SegDataSample(
        metainfo={
            'img_path': 'large.jpg',
            'ori_shape': (23, 37),
            'img_shape': (23, 37),
            'flip': False,
        }
    )
    images = torch.zeros(1, 3, 23, 37)
    data = {'inputs': [images], 'data_samples': [[sample]]}
    with pytest.raises(UserError, match=r'large\.jpg.*--tta.*max_pixels'):
        model.test_step(data)
    model.module.test_cfg['max_pixels'] = 23 * 37
    (merged,) = model.test_step(data)
    assert merged.pred_sem_seg.shape == (23, 37)
