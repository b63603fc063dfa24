from .affinity import AffinityNet, BaseAffinityNetwork, BENet, IRNet
from .backbones import (
    EfficientNetLite,
    ResNetWithStem,
    ShallowResNet,
    StageModulation,
    WideResNet38,
)
from .cam_methods import (
    AdvCAM,
    CAMExtractor,
    CAMPrediction,
    LibraryCAM,
    MultiScaleCAM,
)
from .classifiers import AMR, SEAM, BaseCAMClassifier, CAMClassifier
from .data_preprocessor import WeakLabelDataPreprocessor
from .decode_heads import DeepLabV2Head
from .heads import AffinityHead, BoundaryHead, CAMHead
from .losses import (
    AdaptiveMinPoolingLoss,
    AffinityLoss,
    BalancedCrossEntropyLoss,
    CrossPseudoSupervisionLoss,
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
    'SEAM',
    'AdaptiveMinPoolingLoss',
    'AdvCAM',
    'AffinityHead',
    'AffinityLoss',
    'AffinityNet',
    'AttentionModulation',
    'BENet',
    'BalancedCrossEntropyLoss',
    'BaseAffinityNetwork',
    'BaseCAMClassifier',
    'BoundaryHead',
    'CAMClassifier',
    'CAMExtractor',
    'CAMHead',
    'CAMPrediction',
    'CrossPseudoSupervisionLoss',
    'DeepLabV2Head',
    'EfficientNetLite',
    'EquivariantCrossRegularizationLoss',
    'EquivariantRegularizationLoss',
    'IRNet',
    'LibraryCAM',
    'MeanProbabilityTTAModel',
    'MultiLabelSoftMarginLoss',
    'MultiScaleCAM',
    'MultiScaleLossEncoderDecoder',
    'PixelCorrelation',
    'ResNetWithStem',
    'ShallowResNet',
    'StageModulation',
    'WeakLabelDataPreprocessor',
    'WideResNet38',
]
