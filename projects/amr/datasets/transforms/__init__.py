from .geometric import (
    RandomCropOrPad,
    RandomResizeLongestSide,
    ResizeNonEmpty,
)
from .loading import (
    LoadLabelMap,
    LoadMaskIfPresent,
    LoadPartMap,
    LoadWeakLabelImage,
)
from .pack_weak_label import (
    PackAffinityInputs,
    PackLabelMapInputs,
    PackWeakLabelInputs,
)
from .pseudo_label import GenerateSeed, RandomWalkPseudoLabel
from .stage_outputs import LoadBoundaryMap, LoadCAMRecord

__all__ = [
    'GenerateSeed',
    'LoadBoundaryMap',
    'LoadCAMRecord',
    'LoadLabelMap',
    'LoadMaskIfPresent',
    'LoadPartMap',
    'LoadWeakLabelImage',
    'PackAffinityInputs',
    'PackLabelMapInputs',
    'PackWeakLabelInputs',
    'RandomCropOrPad',
    'RandomResizeLongestSide',
    'RandomWalkPseudoLabel',
    'ResizeNonEmpty',
]
