from .affinity import AffinityNet, BaseAffinityNetwork, IRNet
from .backbones import (
    ResNetWithStem,
    ShallowResNet,
    StageModulation,
    WideResNet38,
)
from .cam_methods import (
    AdvCAM,
    CAMPrediction,
    ClassWiseCAM,
    GradCAM,
    GradientCAM,
    HiResCAM,
    LayerCAM,
    LibraryCAM,
    MultiScaleCAM,
)
from .classifiers import AMR, CAM, BaseCAMClassifier
from .data_preprocessor import WeakLabelDataPreprocessor
from .decode_heads import DeepLabV2Head
from .heads import AffinityHead, BoundaryHead, CAMHead, DisplacementHead
from .losses import (
    AffinityLoss,
    BalancedCrossEntropyLoss,
    CrossPseudoSupervisionLoss,
    DisplacementLoss,
    MultiLabelSoftMarginLoss,
)
from .plugins import AttentionModulation
from .segmentors import (
    MeanProbabilityTTAModel,
    MultiScaleLossEncoderDecoder,
)

__all__ = [
    'AMR',
    'CAM',
    'AdvCAM',
    'ClassWiseCAM',
    'GradCAM',
    'GradientCAM',
    'HiResCAM',
    'LayerCAM',
    'LibraryCAM',
    'AttentionModulation',
    'DeepLabV2Head',
    'MeanProbabilityTTAModel',
    'MultiScaleLossEncoderDecoder',
    'BaseCAMClassifier',
    'BalancedCrossEntropyLoss',
    'CAMHead',
    'CAMPrediction',
    'CrossPseudoSupervisionLoss',
    'MultiLabelSoftMarginLoss',
    'MultiScaleCAM',
    'ShallowResNet',
    'StageModulation',
    'WeakLabelDataPreprocessor',
    'AffinityNet',
    'BaseAffinityNetwork',
    'IRNet',
    'ResNetWithStem',
    'WideResNet38',
    'AffinityHead',
    'BoundaryHead',
    'DisplacementHead',
    'AffinityLoss',
    'DisplacementLoss',
]
