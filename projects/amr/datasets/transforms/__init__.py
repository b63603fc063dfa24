from .boundary_label import GenerateBoundaryLabel
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
from .pseudo_label import (
    GenerateSeed,
    MaskNonSalient,
    RandomWalkPseudoLabel,
)
from .segment_votes import LoadSegments, VoteSegments
from .stage_outputs import (
    LoadBoundaryMap,
    LoadCAMRecord,
    LoadLabels,
    LoadSaliency,
    LoadSubcategories,
)

__all__ = [
    'GenerateBoundaryLabel',
    'GenerateSeed',
    'LoadBoundaryMap',
    'LoadCAMRecord',
    'LoadLabelMap',
    'LoadLabels',
    'LoadMaskIfPresent',
    'LoadPartMap',
    'LoadSaliency',
    'LoadSegments',
    'LoadSubcategories',
    'LoadWeakLabelImage',
    'MaskNonSalient',
    'PackAffinityInputs',
    'PackLabelMapInputs',
    'PackWeakLabelInputs',
    'RandomCropOrPad',
    'RandomResizeLongestSide',
    'RandomWalkPseudoLabel',
    'ResizeNonEmpty',
    'VoteSegments',
]
