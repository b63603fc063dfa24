from .adv_cam import AdvCAM
from .cam_prediction import CAMPrediction
from .class_wise_cam import ClassWiseCAM
from .library_cam import LibraryCAM
from .multi_scale_cam import MultiScaleCAM

__all__ = [
    'AdvCAM',
    'CAMPrediction',
    'ClassWiseCAM',
    'LibraryCAM',
    'MultiScaleCAM',
]
