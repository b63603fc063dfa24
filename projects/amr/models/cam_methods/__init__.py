from .adv_cam import AdvCAM
from .attention_affinity import AttentionAffinity
from .cam_extractor import CAMExtractor
from .cam_prediction import CAMPrediction
from .library_cam import LibraryCAM
from .multi_scale_cam import MultiScaleCAM
from .softmax_grad_cam import SoftmaxGradCAM

__all__ = [
    'AdvCAM',
    'AttentionAffinity',
    'CAMExtractor',
    'CAMPrediction',
    'LibraryCAM',
    'MultiScaleCAM',
    'SoftmaxGradCAM',
]
