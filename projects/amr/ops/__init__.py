from .cam import (
    cam_scores,
    cam_to_label,
    merge_flip,
    normalize_cam,
    pool_logits,
    resize_cam,
    stride_size,
    weighted_cam,
)
from .erasing import erase_peaks
from .modulation import gaussian_modulation, threshold_modulation

__all__ = [
    'cam_scores',
    'cam_to_label',
    'erase_peaks',
    'gaussian_modulation',
    'merge_flip',
    'normalize_cam',
    'pool_logits',
    'resize_cam',
    'stride_size',
    'threshold_modulation',
    'weighted_cam',
]
