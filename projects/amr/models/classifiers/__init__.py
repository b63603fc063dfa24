from .amr import AMR
from .base_cam_classifier import BaseCAMClassifier
from .cam import CAM
from .seam import SEAM

__all__ = ['AMR', 'CAM', 'SEAM', 'BaseCAMClassifier']
