"""Labels of an image voted into masks without classes."""

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.labels.segment_masks import read_segment_masks
from projects.amr.errors import DataError
from projects.amr.ops.segment_votes import segment_votes
from projects.amr.structures import load_label_map


@TRANSFORMS.register_module()
class VoteSegmentMasks(BaseTransform):
    """Load an image's labels and masks, and let the labels vote.

    See :func:`~projects.amr.ops.segment_votes.segment_votes`.

    Required Keys:

    - img_id (str)

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      ignored
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        label_dir (str): Folder of label maps, named ``<img_id>.png``.
        mask_dir (str): Folder of the masks, see
            :func:`~projects.amr.datasets.labels.segment_masks.segment_files`.
        **params: Further arguments of ``segment_votes``.

    Raises:
        ValueError: If a parameter breaks its rule.
        DataError: If a file is missing, damaged, or of another size.
    """

    def __init__(self, label_dir: str, mask_dir: str, **params):
        self.label_dir = Path(label_dir)
        self.mask_dir = Path(mask_dir)
        self.params = params
        # The op checks its parameters, on one pixel.
        segment_votes(np.zeros((1, 1), np.uint8), [], **params)

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        item = results['img_id']
        try:
            labels, _ = load_label_map(self.label_dir / f'{item}.png')
        except FileNotFoundError as error:
            raise DataError(str(error)) from None
        masks = read_segment_masks(self.mask_dir, item, labels.shape)
        results['gt_seg_map'] = segment_votes(labels, masks, **self.params)
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results
