from .affinity_head import AffinityHead
from .boundary_head import BoundaryHead
from .cam_head import CAMHead

__all__ = ['AffinityHead', 'BoundaryHead', 'CAMHead']
