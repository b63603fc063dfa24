"""Packing of weakly labelled samples."""

import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackLabelMapInputs(PackSegInputs):
    """mmseg's packing, for images of one row or column too.

    numpy calls a flipped row contiguous, so mmseg hands torch a negative
    stride, which it refuses. Keys and arguments are those of
    :class:`mmseg.datasets.transforms.PackSegInputs`.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        for key in ('img', 'gt_seg_map'):
            if key in results and min(results[key].strides) < 0:
                results[key] = results[key].copy()
        return super().transform(results)


@TRANSFORMS.register_module()
class PackWeakLabelInputs(PackLabelMapInputs):
    """mmseg's packing, plus the weak label and the part map.

    Required Keys:

    - img (np.ndarray, (H, W, 3))
    - img_label (np.ndarray, float32, (K,)): multi-hot
    - gt_seg_map, gt_part_map (np.ndarray, (H, W), optional)

    Added Keys:

    - inputs (Tensor, (3, H, W))
    - data_samples (SegDataSample) with ``gt_label`` (Tensor, (K,)) and,
      where given, ``gt_sem_seg`` and ``gt_part`` (PixelData, (1, H, W))

    Args:
        meta_keys (Sequence[str]): Keys kept as metainfo. Defaults to
            mmseg's and ``img_id``.
    """

    def __init__(
        self,
        meta_keys=(
            'img_id',
            'img_path',
            'seg_map_path',
            'ori_shape',
            'img_shape',
            'pad_shape',
            'scale_factor',
            'flip',
            'flip_direction',
            'reduce_zero_label',
        ),
    ):
        super().__init__(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        packed = super().transform(results)
        sample = packed['data_samples']
        sample.gt_label = torch.from_numpy(results['img_label'])
        if 'gt_part_map' in results:
            part = torch.from_numpy(results['gt_part_map'])[None]
            sample.gt_part = PixelData(data=part.long())
        return packed
