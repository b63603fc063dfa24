"""Prediction of a segmentor that does not run out of memory."""

from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from torch import Tensor

from projects.amr.models.bounded_images import MAX_PIXELS, bounded_images
from projects.amr.models.memory import retry_in_less_memory
from projects.amr.ops.large_images import argmax_resized


class BoundedInferenceMixin:
    """Tests of an mmseg segmentor on images of any size.

    An image of more than ``test_cfg.max_pixels`` pixels (by default
    4,194,304; None is no bound) is made smaller for the network, with a note,
    and its labels are enlarged in bands: then the sample has no
    ``seg_logits``, which would be of the image's size for every class.

    Out of memory, a batch is tried again image by image, then on the CPU.
    """

    @property
    def _bound(self) -> int | None:
        """Largest number of pixels that goes through the network."""
        return self.test_cfg.get('max_pixels', MAX_PIXELS)

    @retry_in_less_memory(
        lambda inputs, metas: (
            f'labels of {len(inputs)} images of (H, W) '
            f'{tuple(inputs.shape[-2:])}'
        ),
        'Lower test_dataloader.batch_size or model.test_cfg.max_pixels, '
        "or set model.test_cfg to mode='slide' with a crop_size",
    )
    def inference(
        self,
        inputs: Tensor,
        batch_img_metas: Sequence[dict],
        in_parts: bool = False,
    ) -> Tensor:
        """Logits of images (N, 3, H, W), of their size or a smaller one."""
        full = inputs.shape[-2:]
        inputs = bounded_images(inputs, self._bound)
        if inputs.shape[-2:] != full:
            size = tuple(inputs.shape[-2:])
            batch_img_metas = [_resized(m, size) for m in batch_img_metas]
        count = 1 if in_parts else len(inputs)
        parts = [
            super(BoundedInferenceMixin, self).inference(
                inputs[i : i + count], batch_img_metas[i : i + count]
            )
            for i in range(0, len(inputs), count)
        ]
        return torch.cat(parts)

    def postprocess_result(
        self, seg_logits: Tensor, data_samples: list | None = None
    ) -> list:
        """Turn logits into data samples; large images by bands."""
        bound = self._bound
        large = [
            bound is not None
            and sample.ori_shape[0] * sample.ori_shape[1] > bound
            and not _is_padded(sample)
            and len(seg_logits[0]) > 1
            for sample in data_samples or ()
        ]
        if not any(large):
            return super().postprocess_result(seg_logits, data_samples)
        for logits, sample in zip(seg_logits, data_samples, strict=True):
            labels = argmax_resized(
                _unflipped(logits, sample), sample.ori_shape
            )
            sample.pred_sem_seg = PixelData(data=labels)
        return data_samples


def _resized(meta: dict, size: tuple[int, int]) -> dict:
    """Metainfo of an image made smaller, to whose size heads enlarge.

    That of an image by itself (its size is no tuple) and that of a padded one
    stay: both are cut or returned at the size that they came in.
    """
    alone = isinstance(meta['img_shape'], torch.Size)
    if alone or _is_padded(meta):
        return meta
    return {**meta, 'img_shape': size, 'pad_shape': size}


def _is_padded(meta) -> bool:
    """Whether mmseg's preprocessor padded a test image (its ``test_cfg``)."""
    return any(meta.get('img_padding_size', ()))


def _unflipped(logits: Tensor, sample) -> Tensor:
    """Logits (L, h, w) as the image was before test-time augmentation."""
    if not sample.get('flip'):
        return logits
    axis = {'horizontal': -1, 'vertical': -2}[sample.flip_direction]
    return torch.flip(logits, (axis,))
