"""Packing of samples for affinity networks."""

import torch
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.transforms.pack_weak_label import (
    PackWeakLabelInputs,
)


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
        meta_keys (Sequence[str]): See :class:`PackWeakLabelInputs`.
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
