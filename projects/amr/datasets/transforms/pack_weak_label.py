"""Packing of samples for classifiers and affinity networks."""

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
    - img_sub_label (np.ndarray, float32, (K * S,), optional)

    Added Keys:

    - inputs (Tensor, (3, H, W))
    - data_samples (SegDataSample) with ``gt_label`` (Tensor, (K,)) and,
      where given, ``gt_sem_seg`` and ``gt_part`` (PixelData, (1, H, W)) and
      ``gt_sub_label`` (Tensor, (K * S,))

    Args:
        **kwargs: Of :class:`mmseg.datasets.transforms.PackSegInputs`; its
            ``meta_keys`` have ``img_id`` besides.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.meta_keys = ('img_id', *self.meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        packed = super().transform(results)
        sample = packed['data_samples']
        sample.gt_label = torch.from_numpy(results['img_label'])
        if 'img_sub_label' in results:
            sample.gt_sub_label = torch.from_numpy(results['img_sub_label'])
        if 'gt_part_map' in results:
            part = torch.from_numpy(results['gt_part_map'])[None]
            sample.gt_part = PixelData(data=part.long())
        return packed


@TRANSFORMS.register_module()
class PackAffinityInputs(PackWeakLabelInputs):
    """Pack a sample with the CAMs that an affinity network is to spread.

    Required Keys:

    - those of :class:`PackWeakLabelInputs`
    - cam, cam_classes, cam_size, cam_key: see :class:`LoadCAMRecord`

    Added Keys:

    - inputs (Tensor, (3, H, W))
    - data_samples (SegDataSample), as :class:`PackWeakLabelInputs` packs it,
      with ``cam_input``: PixelData of ``cam`` (Tensor, float32, (K, h, w))
      and the metainfo ``classes`` (list[int]), ``size`` (H, W) and ``key``

    Args:
        **kwargs: As of :class:`PackWeakLabelInputs`.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        packed = super().transform(results)
        packed['data_samples'].cam_input = PixelData(
            cam=torch.from_numpy(results['cam']),
            metainfo={
                'classes': results['cam_classes'].tolist(),
                'size': tuple(results['cam_size']),
                'key': results['cam_key'],
            },
        )
        return packed
