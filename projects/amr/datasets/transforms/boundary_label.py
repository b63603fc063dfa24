"""Seeds into the boundary labels that BES's network learns from."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.amr.ops.boundary_labels import boundary_labels


@TRANSFORMS.register_module()
class GenerateBoundaryLabel(BaseTransform):
    """Replace a seed by its boundary labels.

    Comes right behind :class:`LoadLabelMap`: the window is in pixels of the
    image as it was loaded. See
    :func:`~projects.amr.ops.boundary_labels.boundary_labels`.

    Required Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      not confident

    Modified Keys:

    - gt_seg_map: 0 interior background, 1 interior object, 2 boundary, 255
      ignored

    Args:
        **params: ``window``, ``share`` and ``difference``.

    Raises:
        ValueError: If a parameter breaks its rule.
        TypeError: If there is no such parameter.
    """

    def __init__(self, **params):
        # The op checks its parameters, on one pixel.
        boundary_labels(np.zeros((1, 1), np.uint8), **params)
        self.params = params

    def transform(self, results: dict) -> dict:
        """Replace ``gt_seg_map``."""
        results['gt_seg_map'] = boundary_labels(
            results['gt_seg_map'], **self.params
        )
        return results
