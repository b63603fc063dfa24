"""Labels of an image voted into masks without classes."""

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.labels.reading import load_grey
from projects.amr.datasets.labels.segment_masks import read_segment_masks
from projects.amr.datasets.transforms.loading import put_labels
from projects.amr.ops.segment_votes import segment_votes


@TRANSFORMS.register_module()
class LoadSegments(BaseTransform):
    """Load an image's labels and its masks without classes.

    Required Keys:

    - img_id (str)

    Added Keys:

    - segment_labels (np.ndarray, uint8, (H, W)): 0 background, 1.. classes,
      255 ignored
    - segments (Iterator[np.ndarray], bool, (H, W)): the masks, read one by
      one when they are asked for

    Args:
        label_dir (str): Folder of label maps, named ``<img_id>.png``, such
            as seeds or pseudo labels.
        segment_dir (str): Folder of the masks, see
            :func:`~projects.amr.datasets.labels.segment_masks.read_segment_masks`.

    Raises:
        DataError: If a file is missing, damaged, or of another size.
    """

    def __init__(self, label_dir: str, segment_dir: str):
        self.label_dir = Path(label_dir)
        self.segment_dir = Path(segment_dir)

    def transform(self, results: dict) -> dict:
        """Load ``<label_dir>/<img_id>.png`` and the masks."""
        item = results['img_id']
        path = self.label_dir / f'{item}.png'
        labels = load_grey(path, results.get('img_shape'), 'label map')
        results['segment_labels'] = labels
        results['segments'] = read_segment_masks(
            self.segment_dir, item, labels.shape
        )
        return results


@TRANSFORMS.register_module()
class VoteSegments(BaseTransform):
    """Let an image's labels vote on its masks.

    See :func:`~projects.amr.ops.segment_votes.segment_votes`.

    Required Keys:

    - segment_labels, segments: see :class:`LoadSegments`

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      ignored
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        **params: Further arguments of ``segment_votes``.

    Raises:
        DataError: If a mask is damaged, or of another size.
    """

    def __init__(self, **params):
        # The op checks its parameters, on one pixel.
        segment_votes(np.zeros((1, 1), np.uint8), [], **params)
        self.params = params

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        labels = segment_votes(
            results['segment_labels'], results.pop('segments'), **self.params
        )
        return put_labels(results, labels)
