from .affinity_loss import (
    AffinityLoss,
    DisplacementLoss,
    affinity_loss,
    displacement_loss,
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
    'CrossPseudoSupervisionLoss',
    'DisplacementLoss',
    'MultiLabelSoftMarginLoss',
    'affinity_loss',
    'cross_pseudo_supervision',
    'displacement_loss',
    'multilabel_soft_margin_loss',
]
