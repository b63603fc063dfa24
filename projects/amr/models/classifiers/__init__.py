from .amr import AMR
from .base_cam_classifier import BaseCAMClassifier
from .cam_classifier import CAMClassifier
from .seam import SEAM

__all__ = ['AMR', 'SEAM', 'BaseCAMClassifier', 'CAMClassifier']
