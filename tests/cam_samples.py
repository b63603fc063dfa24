"""Predicted CAMs with truths, and their scores by way of mmseg's metric."""

import torch
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample

from projects.amr.evaluation import CAMIoUMetric
from projects.amr.ops import cam_to_label

CLASSES = ('background', 'a', 'b', 'c')
SIZE = (23, 37)


def sample(seed=0, classes=(0, 2), maps=('cam',), truth=None, parts=False):
    generator = torch.Generator().manual_seed(seed)
    result = SegDataSample()
    cams = {
        name: torch.rand(len(classes), 6, 10, generator=generator)
        for name in maps
    }
    result.pred_cam = PixelData(
        metainfo={
            'classes': list(classes),
            'maps': maps,
            'final': maps[-1],
            'size': SIZE,
        },
        **cams,
    )
    if truth is None:
        truth = torch.randint(0, 4, SIZE, generator=generator)
        truth[0] = 255
    result.gt_sem_seg = PixelData(data=truth[None])
    if parts:
        part = (truth > 0).long()
        part[:, 20:] *= 2
        result.gt_part = PixelData(data=part[None])
    return result


def evaluate(samples, metric=None, chunk=1):
    metric = metric or CAMIoUMetric(bg_thr=0.4)
    metric.dataset_meta = {'classes': CLASSES}
    for start in range(0, len(samples), chunk):
        batch = [s.to_dict() for s in samples[start : start + chunk]]
        metric.process(None, batch)
    return metric.evaluate(len(samples))


def mmseg_miou(samples, threshold):
    metric = IoUMetric(prefix='x')
    metric.dataset_meta = {'classes': CLASSES}
    for s in samples:
        cam = s.pred_cam
        label = cam_to_label(
            cam.cam, torch.tensor(cam.classes), SIZE, threshold
        )
        metric.process(
            None,
            [
                {
                    'pred_sem_seg': {'data': label[None]},
                    'gt_sem_seg': {'data': s.gt_sem_seg.data},
                }
            ],
        )
    return metric.evaluate(len(samples))['x/mIoU']
