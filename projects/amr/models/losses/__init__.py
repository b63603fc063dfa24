from .cross_pseudo_supervision_loss import (
    CrossPseudoSupervisionLoss,
    cross_pseudo_supervision,
)
from .multilabel_soft_margin_loss import (
    MultiLabelSoftMarginLoss,
    multilabel_soft_margin_loss,
)

__all__ = [
    'CrossPseudoSupervisionLoss',
    'MultiLabelSoftMarginLoss',
    'cross_pseudo_supervision',
    'multilabel_soft_margin_loss',
]
