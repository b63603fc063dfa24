"""mmseg's IoU over the images that have a mask."""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from projects.amr.evaluation.label_share import label_notes
from projects.amr.evaluation.mask_evaluation import checked_mask


@METRICS.register_module()
class OptionalMaskIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``; an image without a mask is not counted.

    So a split without masks (VOC's test split) can be predicted with the
    same config. Masks are checked, since mmseg drops values out of range
    without a word.

    Arguments are those of :class:`mmseg.evaluation.IoUMetric`; metrics are
    in percent, a class that does not occur is nan and left out of the mean.
    ``format_only`` writes the labels of all images, ``output_dir`` without it
    those of the images that count.

    Raises:
        DataError: If a mask is not of its image's size or has a value
            outside 0..L-1 and ``ignore_index``.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the pixels of samples that have ``gt_sem_seg``."""
        if self.format_only:
            return super().process(data_batch, data_samples)
        scored = [s for s in data_samples if 'gt_sem_seg' in s]
        count = len(self.dataset_meta['classes'])
        for sample in scored:
            size = sample['pred_sem_seg']['data'].shape[-2:]
            checked_mask(sample, size, count, self.ignore_index)
        return super().process(data_batch, scored)

    def _tell_empty(self, results: list) -> None:
        """Log that predictions or masks hold next to nothing."""
        classes = self.dataset_meta['classes']
        for what, part in (('predictions', 2), ('masks', 3)):
            areas = sum(result[part] for result in results).numpy()
            for note in label_notes(areas, classes, what):
                print_log(note, 'current', logging.WARNING)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``aAcc``, ``mIoU`` and ``mAcc``; none without masks."""
        if results:
            self._tell_empty(results)
        elif not self.format_only:
            print_log('no masks: nothing to score', 'current')
            return {}
        return super().compute_metrics(results)
