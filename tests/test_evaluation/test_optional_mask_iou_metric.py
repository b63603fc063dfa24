import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample
from PIL import Image
from sklearn.metrics import confusion_matrix

from projects.amr.errors import DataError
from projects.amr.evaluation import OptionalMaskIoUMetric


def metric(kind=OptionalMaskIoUMetric, **changes):
    made = kind(**changes)
    made.dataset_meta = {'classes': ('background', 'a', 'b')}
    return made


def sample(size=(23, 37), mask=True):
    made = SegDataSample(metainfo={'seg_map_path': 'x/1.png'})
    made.pred_sem_seg = PixelData(data=torch.randint(0, 3, (1, *size)))
    if mask:
        values = torch.tensor([0, 1, 2, 255])
        truth = values[torch.randint(4, (1, *size))]
        made.gt_sem_seg = PixelData(data=truth)
    return made.to_dict()


def score(made, samples):
    made.process({}, samples)
    return made.evaluate(len(samples))


def test_images_without_mask_do_not_count():
    masked = [sample(), sample((11, 5))]
    got = score(metric(), [masked[0], sample(mask=False), masked[1]])
    assert got == score(metric(IoUMetric), masked)
    truth, pred = (
        torch.cat([s[key]['data'].flatten() for s in masked])
        for key in ('gt_sem_seg', 'pred_sem_seg')
    )
    counts = confusion_matrix(truth[truth != 255], pred[truth != 255])
    hits = counts.diagonal()
    iou = hits / (counts.sum(0) + counts.sum(1) - hits)
    assert got['mIoU'] == pytest.approx(100 * iou.mean(), abs=0.01)


def test_without_masks_nothing_is_scored():
    assert score(metric(), [sample(mask=False)] * 2) == {}


def test_format_only_writes_images_without_a_mask(tmp_path):
    samples = [sample(), sample((11, 5), mask=False)]
    for number, each in enumerate(samples):
        each['img_path'] = f'photos/{number}.jpg'
    made = metric(format_only=True, output_dir=str(tmp_path))
    assert score(made, samples) == {}
    assert len(list(tmp_path.iterdir())) == 2
    for number, each in enumerate(samples):
        with Image.open(tmp_path / f'{number}.png') as picture:
            assert np.array_equal(picture, each['pred_sem_seg']['data'][0])


def test_other_ignore_index():
    made = sample()
    made['gt_sem_seg']['data'][made['gt_sem_seg']['data'] == 255] = 9
    got = score(metric(ignore_index=9), [made])
    made['gt_sem_seg']['data'][made['gt_sem_seg']['data'] == 9] = 255
    assert got == score(metric(), [made])
    with pytest.raises(DataError, match='255'):
        score(metric(ignore_index=9), [made])


def test_bad_masks_are_named():
    wrong = sample()
    wrong['gt_sem_seg']['data'][0, 3, 4] = 3
    with pytest.raises(DataError, match=r'x/1\.png: values .* got \{3: 1\}'):
        score(metric(), [wrong])
    turned = sample()
    turned['gt_sem_seg']['data'] = turned['gt_sem_seg']['data'].mT
    with pytest.raises(DataError, match=r'\(37, 23\), its image is \(23, 37'):
        score(metric(), [turned])
