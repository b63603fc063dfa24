"""mIoU of class activation maps over all background thresholds."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

from projects.amr.evaluation.mask_evaluation import checked_mask
from projects.amr.evaluation.nested_results import put_nested_results, rounded
from projects.amr.evaluation.sweep_counts import SweepCounts
from projects.amr.evaluation.threshold_sweep import (
    confusion_sweep,
    iou_per_class,
    label_histogram,
    part_histogram,
    recall_sweep,
    score_bins,
)
from projects.amr.ops import cam_scores


@METRICS.register_module()
class CAMIoUMetric(BaseMetric):
    """CAM mIoU at a fixed background threshold and at the best of a sweep.

    A pixel gets its best labelled class where that class's score is greater
    than the threshold, else background. One pass counts all thresholds, and
    each rank holds the sums alone, whatever the number of images.

    mIoU is in percent, 100 is best. A label that occurs neither in the
    truth nor in the prediction is left out of the mean (nan), as in mmseg's
    IoUMetric; pixels of value 255 do not count. **The best threshold is
    chosen on the evaluated images**, so ``mIoU_best`` is optimistic; it is
    what the field's CAM tables usually hold.

    Keys, for every map of the classifier (``cam/spotlight/...``) and, for
    the final one, without its name: ``mIoU_fixed``, ``mIoU_best``,
    ``bg_thr_best``, and per part ``<part>_recall_fixed`` / ``_best`` (share
    of the part's pixels that get their true label, in percent).

    Besides, the curve and the IoU per class of every map go to
    :func:`put_nested_results` under ``<prefix>/<map>``, or ``<prefix>`` where
    there is one map: ``thresholds`` and ``mIoU`` of the whole sweep, ``fixed``
    and ``best`` thresholds, ``classes``, ``IoU_fixed`` and ``IoU_best``
    (percent, None for a class that does not occur).

    Args:
        bg_thr (float): Fixed background threshold in [0, 1].
        sweep (tuple[float, float, float]): First, last and step of the
            swept thresholds. Defaults to (0.0, 1.0, 0.01).
        parts (Sequence[str]): Names of the values 1.. of part maps.
            Defaults to (), no recall per part.
        **kwargs: Of :class:`BaseMetric`; ``prefix`` defaults to ``cam``.

    Raises:
        ValueError: If ``bg_thr`` is outside [0, 1] or the sweep is empty.
    """

    default_prefix = 'cam'

    def __init__(
        self,
        bg_thr: float,
        sweep: tuple[float, float, float] = (0.0, 1.0, 0.01),
        parts: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        first, last, step = sweep
        if not 0 <= bg_thr <= 1:
            raise ValueError(f'`bg_thr` must be within [0, 1], got {bg_thr}')
        if not (0 <= first <= last <= 1 and step > 0):
            raise ValueError(
                '`sweep` must be (first, last, step) within [0, 1], '
                f'got {sweep}'
            )
        steps = np.arange(first, last + step / 2, step)
        values = np.unique(np.round([*steps, bg_thr], 6)).astype(np.float32)
        self.thresholds = torch.from_numpy(values)
        self.fixed = int(np.abs(values - np.float32(bg_thr)).argmin())
        self.parts = tuple(parts)

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch.

        Samples have ``pred_cam`` (see :class:`BaseCAMClassifier`),
        ``gt_sem_seg`` and, for recall per part, ``gt_part``.
        """
        if not self.results:
            self.results.append(SweepCounts())
        (total,) = self.results
        for sample in data_samples:
            total.images += 1
            if 'gt_sem_seg' in sample:
                total.masked += 1
                self._count(total, sample)

    def _count(self, total: SweepCounts, sample: dict) -> None:
        """Add the histograms of one image's maps."""
        pred, labels = sample['pred_cam'], len(self.dataset_meta['classes'])
        total.final, size = pred['final'], tuple(pred['size'])
        truth = checked_mask(sample, size, labels)
        classes = torch.tensor(pred['classes'], dtype=torch.long)
        bins = len(self.thresholds) + 1
        for name in pred['maps']:
            cam = pred[name]
            scores, best = cam_scores(cam, classes.to(cam.device), size)
            found = (
                score_bins(scores, self.thresholds),
                best,
                truth.to(cam.device),
            )
            shape = (labels, labels, bins)
            total.add(name, 'label', label_histogram(*found, shape))
            if self.parts and 'gt_part' in sample:
                parts = sample['gt_part']['data'][0].to(cam.device)
                shape = (len(self.parts) + 1, 2, bins)
                total.add(name, 'part', part_histogram(*found, parts, shape))

    def evaluate(self, size: int) -> dict:
        """Metrics of all ranks, see the class."""
        self._dataset_size = size
        # One result a rank, of which mmengine keeps the first `size`.
        return super().evaluate(max(size, get_world_size()))

    def compute_metrics(self, results: list) -> dict:
        """Turn the counts of each rank into metrics."""
        total = SweepCounts.joined(results)
        self._tell(total)
        if not total.masked:
            put_nested_results(self.prefix, {})
            return {}
        metrics: dict[str, float] = {}
        details = {}
        for name in total.maps:
            values, curve = self._summarize(total, name)
            self._print(name, curve, values)
            if name == total.final:
                metrics = {**values, **metrics}
            if len(total.maps) > 1:
                metrics |= {f'{name}/{key}': v for key, v in values.items()}
                details[f'{self.prefix}/{name}'] = curve
            else:
                details[self.prefix] = curve
        put_nested_results(self.prefix, details)
        return metrics

    def _tell(self, total: SweepCounts) -> None:
        """Warn of images that do not count, or count twice."""
        notes = []
        if total.masked < total.images:
            notes.append(
                f'CAM mIoU counts {total.masked} of {total.images} images: '
                'the others have no mask'
            )
        twice = total.images - self._dataset_size
        if twice > 0:
            notes.append(
                f'CAM mIoU counts {twice} images twice, with which the '
                'sampler made the ranks even: set round_up=False in it'
            )
        for note in notes:
            print_log(note, 'current', logging.WARNING)

    def _summarize(self, total: SweepCounts, name: str) -> tuple[dict, dict]:
        """Metrics and details of one map, see the class."""
        confusion = confusion_sweep(total.sums[name, 'label'])
        iou = 100 * iou_per_class(confusion)
        miou = np.nanmean(iou, axis=1)
        best = int(miou.argmax())
        values = {
            'mIoU_fixed': float(miou[self.fixed]),
            'mIoU_best': float(miou[best]),
            'bg_thr_best': round(float(self.thresholds[best]), 6),
        }
        if (name, 'part') in total.sums:
            recall = 100 * recall_sweep(total.sums[name, 'part'])
            for index, part in enumerate(self.parts, 1):
                values |= {
                    f'{part}_recall_fixed': float(recall[self.fixed, index]),
                    f'{part}_recall_best': float(recall[best, index]),
                }
        thresholds = rounded(self.thresholds.tolist())
        return values, {
            'thresholds': thresholds,
            'mIoU': rounded(miou),
            'fixed': thresholds[self.fixed],
            'best': thresholds[best],
            'classes': list(self.dataset_meta['classes']),
            'IoU_fixed': rounded(iou[self.fixed]),
            'IoU_best': rounded(iou[best]),
        }

    @staticmethod
    def _print(name: str, curve: dict, values: dict) -> None:
        """Log the table of one map."""
        table = PrettyTable(
            [
                f'{name} CAM',
                f'IoU, fixed bg_thr {curve["fixed"]:.3g}',
                f'IoU, best bg_thr {curve["best"]:.3g}',
            ]
        )
        rows = zip(
            curve['classes'],
            curve['IoU_fixed'],
            curve['IoU_best'],
            strict=True,
        )
        for label, *ious in rows:
            cells = ['nan' if iou is None else f'{iou:.2f}' for iou in ious]
            table.add_row([label, *cells])
        means = (values['mIoU_fixed'], values['mIoU_best'])
        table.add_row(['mean', *(f'{mean:.2f}' for mean in means)])
        print_log('\n' + table.get_string(), 'current')
