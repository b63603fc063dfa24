from .affinity_loss import (
    AffinityLoss,
    DisplacementLoss,
    affinity_loss,
    displacement_loss,
)
from .balanced_cross_entropy_loss import (
    BalancedCrossEntropyLoss,
    balanced_cross_entropy,
)
from .cross_pseudo_supervision_loss import (
    CrossPseudoSupervisionLoss,
    cross_pseudo_supervision,
)
from .multilabel_soft_margin_loss import (
    MultiLabelSoftMarginLoss,
    multilabel_soft_margin_loss,
)

__all__ = [
    'AffinityLoss',
    'BalancedCrossEntropyLoss',
    'CrossPseudoSupervisionLoss',
    'DisplacementLoss',
    'MultiLabelSoftMarginLoss',
    'affinity_loss',
    'balanced_cross_entropy',
    'cross_pseudo_supervision',
    'displacement_loss',
    'multilabel_soft_margin_loss',
]
