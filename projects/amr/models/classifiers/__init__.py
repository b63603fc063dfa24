from .amr import AMR
from .base_cam_classifier import BaseCAMClassifier
from .cam import CAM

__all__ = ['AMR', 'CAM', 'BaseCAMClassifier']
