from .transforms import (
    LoadMaskIfPresent,
    LoadPartMap,
    LoadWeakLabelImage,
    PackWeakLabelInputs,
    RandomCropOrPad,
    RandomResizeLongestSide,
)
from .voc_weak_label import VOCWeakLabelDataset

__all__ = [
    'LoadMaskIfPresent',
    'LoadPartMap',
    'LoadWeakLabelImage',
    'PackWeakLabelInputs',
    'RandomCropOrPad',
    'RandomResizeLongestSide',
    'VOCWeakLabelDataset',
]
