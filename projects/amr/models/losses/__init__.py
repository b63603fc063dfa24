from .adaptive_min_pooling_loss import (
    AdaptiveMinPoolingLoss,
    adaptive_min_pooling,
)
from .affinity_loss import AffinityLoss, affinity_loss
from .balanced_cross_entropy_loss import (
    BalancedCrossEntropyLoss,
    balanced_cross_entropy,
)
from .boundary_exploration_loss import (
    BoundaryExplorationLoss,
    boundary_exploration_loss,
)
from .cross_pseudo_supervision_loss import (
    CrossPseudoSupervisionLoss,
    cross_pseudo_supervision,
)
from .dense_energy_loss import DenseEnergyLoss, dense_energy
from .equivariance_loss import (
    EquivariantCrossRegularizationLoss,
    EquivariantRegularizationLoss,
    equivariant_cross_regularization,
    equivariant_regularization,
)
from .integral_attention_loss import (
    IntegralAttentionLoss,
    integral_attention_loss,
)
from .multilabel_soft_margin_loss import (
    MultiLabelSoftMarginLoss,
    multilabel_soft_margin_loss,
)

__all__ = [
    'AdaptiveMinPoolingLoss',
    'AffinityLoss',
    'BalancedCrossEntropyLoss',
    'BoundaryExplorationLoss',
    'CrossPseudoSupervisionLoss',
    'DenseEnergyLoss',
    'EquivariantCrossRegularizationLoss',
    'EquivariantRegularizationLoss',
    'IntegralAttentionLoss',
    'MultiLabelSoftMarginLoss',
    'adaptive_min_pooling',
    'affinity_loss',
    'balanced_cross_entropy',
    'boundary_exploration_loss',
    'cross_pseudo_supervision',
    'dense_energy',
    'equivariant_cross_regularization',
    'equivariant_regularization',
    'integral_attention_loss',
    'multilabel_soft_margin_loss',
]
