from .geometric import RandomCropOrPad, RandomResizeLongestSide
from .loading import LoadMaskIfPresent, LoadPartMap, LoadWeakLabelImage
from .pack_weak_label import PackWeakLabelInputs

__all__ = [
    'LoadMaskIfPresent',
    'LoadPartMap',
    'LoadWeakLabelImage',
    'PackWeakLabelInputs',
    'RandomCropOrPad',
    'RandomResizeLongestSide',
]
