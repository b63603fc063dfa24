"""Pure functions of the method.

An argument that breaks the rule in its docstring raises a ValueError.
"""

from .adversarial_climbing import merge_views, select_class
from .cam import (
    cam_scores,
    cam_to_label,
    erase_peaks,
    merge_flip,
    normalize_cam,
    pool_logits,
    resize_cam,
    stride_size,
    weighted_cam,
)
from .modulation import gaussian_modulation, threshold_modulation

__all__ = [
    'cam_scores',
    'cam_to_label',
    'erase_peaks',
    'gaussian_modulation',
    'merge_flip',
    'merge_views',
    'normalize_cam',
    'pool_logits',
    'resize_cam',
    'select_class',
    'stride_size',
    'threshold_modulation',
    'weighted_cam',
]
