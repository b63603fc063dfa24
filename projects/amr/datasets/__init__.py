from . import transforms
from .coco import COCOLabelMapDataset, COCOWeakLabelDataset
from .samplers import SizeGroupedBatchSampler
from .voc import VOCFolder, VOCLabelMapDataset, VOCWeakLabelDataset

__all__ = [
    'COCOLabelMapDataset',
    'COCOWeakLabelDataset',
    'SizeGroupedBatchSampler',
    'VOCFolder',
    'VOCLabelMapDataset',
    'VOCWeakLabelDataset',
    'transforms',
]
