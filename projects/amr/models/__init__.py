from .backbones import ShallowResNet, StageModulation
from .cam_methods import CAMPrediction, MultiScaleCAM
from .classifiers import AMR, CAM, BaseCAMClassifier
from .data_preprocessor import WeakLabelDataPreprocessor
from .heads import CAMHead
from .losses import CrossPseudoSupervisionLoss, MultiLabelSoftMarginLoss
from .plugins import AttentionModulation

__all__ = [
    'AMR',
    'CAM',
    'AttentionModulation',
    'BaseCAMClassifier',
    'CAMHead',
    'CAMPrediction',
    'CrossPseudoSupervisionLoss',
    'MultiLabelSoftMarginLoss',
    'MultiScaleCAM',
    'ShallowResNet',
    'StageModulation',
    'WeakLabelDataPreprocessor',
]
