from .adv_cam import AdvCAM
from .cam_prediction import CAMPrediction
from .class_wise_cam import ClassWiseCAM
from .gradient_cam import GradCAM, GradientCAM, HiResCAM, LayerCAM
from .library_cam import LibraryCAM
from .multi_scale_cam import MultiScaleCAM

__all__ = [
    'AdvCAM',
    'CAMPrediction',
    'ClassWiseCAM',
    'GradCAM',
    'GradientCAM',
    'HiResCAM',
    'LayerCAM',
    'LibraryCAM',
    'MultiScaleCAM',
]
