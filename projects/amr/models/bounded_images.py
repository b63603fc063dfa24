"""Images that are made smaller where a network could not hold them."""

import logging

import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from projects.amr.ops.large_images import bounded_scale

MAX_PIXELS = 2048**2
"""Default bound of all models: a view of 2048 x 2048 pixels."""


def bounded_images(images: Tensor, max_pixels: int | None) -> Tensor:
    """Make images (N, 3, H, W) of too many pixels smaller, with a note.

    They are antialiased; None is no bound.
    """
    size = tuple(images.shape[-2:])
    scale = bounded_scale(size, 1.0, max_pixels)
    if scale == 1:
        return images
    small = tuple(max(int(length * scale), 1) for length in size)
    print_log(
        f'image of (H, W) {size} goes through the network at {small}, since '
        f'test_cfg.max_pixels is {max_pixels:,}',
        'current',
        logging.WARNING,
    )
    return F.interpolate(
        images, small, mode='bilinear', align_corners=False, antialias=True
    )
