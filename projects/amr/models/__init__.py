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
from .classifiers import AMR, CAM, SEAM, BaseCAMClassifier
from .data_preprocessor import WeakLabelDataPreprocessor
from .decode_heads import DeepLabV2Head
from .heads import AffinityHead, BoundaryHead, CAMHead, DisplacementHead
from .losses import (
    AdaptiveMinPoolingLoss,
    AffinityLoss,
    BalancedCrossEntropyLoss,
    CrossPseudoSupervisionLoss,
    DisplacementLoss,
    EquivariantCrossRegularizationLoss,
    EquivariantRegularizationLoss,
    MultiLabelSoftMarginLoss,
)
from .plugins import AttentionModulation, PixelCorrelation
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
    'SEAM',
    'AdaptiveMinPoolingLoss',
    'AttentionModulation',
    'DeepLabV2Head',
    'EquivariantCrossRegularizationLoss',
    'EquivariantRegularizationLoss',
    'MeanProbabilityTTAModel',
    'MultiScaleLossEncoderDecoder',
    'BaseCAMClassifier',
    'BalancedCrossEntropyLoss',
    'CAMHead',
    'CAMPrediction',
    'CrossPseudoSupervisionLoss',
    'MultiLabelSoftMarginLoss',
    'MultiScaleCAM',
    'PixelCorrelation',
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
