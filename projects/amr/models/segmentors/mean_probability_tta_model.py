"""Test-time augmentation whose merged scores stay usable."""

import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.registry import MODELS

from projects.amr.errors import UserError


@MODELS.register_module()
class MeanProbabilityTTAModel(SegTTAModel):
    """mmseg's test-time augmentation, with the merged scores in the sample.

    The prediction is that of :class:`mmseg.models.SegTTAModel`: the label of
    the largest mean probability over the views (scales and flips). mmseg
    leaves the last view's logits in the sample; here ``seg_logits`` is the
    logarithm of the mean, so that its softmax is the mean, and a CRF refines
    what was predicted.

    Raises:
        ValueError: If the module's head has a single output.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.module.out_channels == 1:
            raise ValueError(
                'test-time augmentation needs a decode head with one output '
                'a label, got `out_channels=1`'
            )

    def merge_preds(self, data_samples_list: list) -> list:
        """Merge the views of each image into its first one.

        Raises:
            UserError: If a view has no scores, since its image has more than
                ``test_cfg.max_pixels`` pixels.
        """
        merged = []
        for views in data_samples_list:
            _require_scores(views)
            mean = sum(
                view.seg_logits.data.float().softmax(0) for view in views
            ) / len(views)
            tiny = torch.finfo(mean.dtype).tiny
            sample = views[0]
            sample.seg_logits = PixelData(data=mean.clamp_min(tiny).log())
            sample.pred_sem_seg = PixelData(data=mean.argmax(0, keepdim=True))
            merged.append(sample)
        return merged


def _require_scores(views) -> None:
    """Refuse an image whose scores were never made at its own size."""
    if all('seg_logits' in view for view in views):
        return
    raise UserError(
        f'{views[0].get("img_path", "image")} of (H, W) '
        f'{tuple(views[0].ori_shape)} is too large for test-time '
        'augmentation, which adds scores up at its size: leave --tta out, or '
        'raise model.test_cfg.max_pixels where the memory is there'
    )
