from .affinity_head import AffinityHead
from .boundary_head import BoundaryHead
from .cam_head import CAMHead
from .displacement_head import DisplacementHead

__all__ = ['AffinityHead', 'BoundaryHead', 'CAMHead', 'DisplacementHead']
