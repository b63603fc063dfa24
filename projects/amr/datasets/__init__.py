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
from .voc_folder import VOCFolder
from .voc_label_map import VOCLabelMapDataset
from .voc_weak_label import VOCWeakLabelDataset

__all__ = [
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
