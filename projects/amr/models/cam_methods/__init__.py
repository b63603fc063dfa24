from .adv_cam import AdvCAM
from .class_wise_cam import ClassWiseCAM
from .multi_scale_cam import CAMPrediction, MultiScaleCAM

__all__ = [
    'AdvCAM',
    'CAMPrediction',
    'ClassWiseCAM',
    'MultiScaleCAM',
]
