from .amr import AMR
from .base_cam_classifier import BaseCAMClassifier
from .cam_classifier import CAMClassifier
from .clip_classifier import CLIPClassifier
from .integral_classifier import IntegralClassifier
from .mctformer import MCTformerPlus
from .seam import SEAM
from .sub_category_classifier import SubCategoryClassifier

__all__ = [
    'AMR',
    'SEAM',
    'BaseCAMClassifier',
    'CAMClassifier',
    'CLIPClassifier',
    'IntegralClassifier',
    'MCTformerPlus',
    'SubCategoryClassifier',
]
