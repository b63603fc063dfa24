from .adv_cam import AdvCAM
from .cam_extractor import CAMExtractor
from .cam_prediction import CAMPrediction
from .library_cam import LibraryCAM
from .multi_scale_cam import MultiScaleCAM

__all__ = [
    'AdvCAM',
    'CAMExtractor',
    'CAMPrediction',
    'LibraryCAM',
    'MultiScaleCAM',
]
