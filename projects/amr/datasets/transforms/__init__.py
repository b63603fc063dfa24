from .geometric import RandomCropOrPad, RandomResizeLongestSide
from .loading import (
    LoadLabelMap,
    LoadMaskIfPresent,
    LoadPartMap,
    LoadWeakLabelImage,
)
from .pack_weak_label import PackWeakLabelInputs
from .pseudo_label import (
    GenerateSeed,
    LoadBoundaryMap,
    LoadCAMRecord,
    PackAffinityInputs,
    RandomWalkPseudoLabel,
)

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
]
