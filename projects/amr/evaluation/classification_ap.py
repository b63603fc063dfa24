"""Classification mAP of weak labels."""

import torch
from mmpretrain.evaluation import AveragePrecision
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassificationAP(AveragePrecision):
    """mmpretrain's average precision over the classes that occur.

    mmpretrain counts a class without any positive image as 0; here such a
    class is left out of the mean, as in the segmentation metrics.

    Keys: ``classification/mAP`` in percent, 100 is best. Arguments are those
    of :class:`BaseMetric`.
    """

    default_prefix = 'classification'

    def __init__(self, **kwargs):
        super().__init__('macro', **kwargs)

    def compute_metrics(self, results: list) -> dict:
        """Mean average precision of the classes with a positive image."""
        target = torch.stack([result['gt_score'] for result in results])
        pred = torch.stack([result['pred_score'] for result in results])
        present = target.amax(0) > 0
        if not present.any():
            return {'mAP': float('nan')}
        value = self.calculate(pred[:, present], target[:, present])
        return {'mAP': value.item()}
