from .coco import COCOLabelMapDataset, COCOWeakLabelDataset
from .samplers import SizeGroupedBatchSampler
from .transforms import (
    GenerateSeed,
    LoadBoundaryMap,
    LoadCAMRecord,
    LoadLabelMap,
    LoadMaskIfPresent,
    LoadPartMap,
    LoadWeakLabelImage,
    PackAffinityInputs,
    PackWeakLabelInputs,
    RandomCropOrPad,
    RandomResizeLongestSide,
    RandomWalkPseudoLabel,
)
from .voc import VOCFolder, VOCLabelMapDataset, VOCWeakLabelDataset

__all__ = [
    'COCOLabelMapDataset',
    'COCOWeakLabelDataset',
    'GenerateSeed',
    'LoadBoundaryMap',
    'LoadCAMRecord',
    'LoadLabelMap',
    'LoadMaskIfPresent',
    'LoadPartMap',
    'LoadWeakLabelImage',
    'PackAffinityInputs',
    'PackWeakLabelInputs',
    'RandomCropOrPad',
    'RandomResizeLongestSide',
    'RandomWalkPseudoLabel',
    'SizeGroupedBatchSampler',
    'VOCFolder',
    'VOCLabelMapDataset',
    'VOCWeakLabelDataset',
]
