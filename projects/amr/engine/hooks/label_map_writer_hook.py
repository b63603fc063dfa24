"""Writing of label maps in the test loop."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.structures import PixelData
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.engine.hooks.label_refinement import LabelRefinement
from projects.amr.engine.hooks.label_task import (
    LabelTask,
    WrittenLabels,
    record_parts,
)
from projects.amr.engine.hooks.picture_strip_hook import PictureStripHook
from projects.amr.errors import UserError
from projects.amr.evaluation.cam_iou_metric import CAMIoUMetric
from projects.amr.evaluation.label_share import count_labels, label_notes
from projects.amr.evaluation.mask_evaluation import MaskScores
from projects.amr.evaluation.nested_results import put_nested_results, rounded
from projects.amr.ops.cam import cam_to_label
from projects.amr.runtime.files.disk_space import png_bytes
from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.structures import (
    BoundaryMapError,
    load_boundary_map,
    save_boundary_map,
)


@HOOKS.register_module()
class LabelMapWriterHook(ItemWriterHook):
    """Write one palette PNG of labels per image while a model is tested.

    The labels are the model's ``pred_sem_seg``, or ``pred_cam`` with a
    background threshold, and a CRF's if wanted. Each file carries the key of
    :class:`ItemWriterHook`, of these settings, of the image and of its CAM
    record, if there is one.

    On a rerun a PNG of the same key stays as it is, and its CRF is not run
    again. The network runs for every image all the same, since a label map
    cannot feed a metric that sweeps thresholds; to skip finished images
    altogether save the boundaries and use ``tools/make_pseudo_labels.py``.

    ``labels/mIoU`` is the score of what is on disk, CRF included, over the
    images with a mask; it is added to the metrics of the test.

    The CRF runs in the writers' threads, beside the network. Only where a
    :class:`PictureStripHook` draws does each batch wait for them: it finds
    the CRF's labels in ``refined_sem_seg``.

    Runs ``before_test`` (key, folder), ``after_test_iter`` (writing) and
    ``after_test_epoch`` (counts and score), with priority NORMAL.

    Args:
        out_dir (str, optional): Folder of the PNGs, by default ``labels`` in
            the work dir.
        bg_thr (float, optional): Labels are those of ``pred_cam`` at this
            threshold. Defaults to None: ``pred_sem_seg``, or, from a model
            that has none, ``pred_cam`` at the fixed threshold of the test's
            :class:`CAMIoUMetric`.
        crf (str | None): ``'dense'`` or None. Defaults to None.
        crf_source (str): ``'labels'`` or ``'scores'``, see
            :class:`LabelRefinement`. Defaults to 'labels'.
        crf_params (dict, optional): Its ``params``. Defaults to None.
        save_boundary (bool): Whether ``pred_boundary`` is written too, to
            ``boundaries`` beside the folder of the PNGs. Defaults to False.
        **kwargs: ``num_writers`` and ``max_waiting`` of
            :class:`ItemWriterHook`.

    Raises:
        ValueError: If ``bg_thr`` is outside [0, 1], an option is unknown,
            or ``bg_thr`` and a CRF on scores are given together.
    """

    default_dir = 'labels'
    items = 'label maps'
    suffix = '.png'

    def __init__(
        self,
        out_dir: str | None = None,
        bg_thr: float | None = None,
        crf: str | None = None,
        crf_source: str = 'labels',
        crf_params: dict | None = None,
        save_boundary: bool = False,
        **kwargs,
    ):
        super().__init__(out_dir, **kwargs)
        if bg_thr is not None and not 0 <= bg_thr <= 1:
            raise ValueError(f'`bg_thr` must be within [0, 1], got {bg_thr}')
        if bg_thr is not None and crf_source == 'scores':
            raise ValueError(
                "`bg_thr` thresholds CAMs, `crf_source='scores'` takes a "
                'segmentor: leave one out'
            )
        self.bg_thr = bg_thr
        self.refinement = LabelRefinement(crf, crf_source, crf_params)
        self.save_boundary = save_boundary

    def before_test(self, runner) -> None:
        """Compute the key, prepare the folders, start counting."""
        super().before_test(runner)
        self._classes = tuple(
            runner.test_dataloader.dataset.metainfo['classes']
        )
        self._confusion, self._scored, self._counted = 0, 0, 0
        self._draws = any(
            isinstance(hook, PictureStripHook) and hook.out_dir is not None
            for hook in runner.hooks
        )
        if self.save_boundary:
            self.prepare_folder(self._boundary_dir)

    def key_parts(self, runner) -> dict[str, str]:
        """Digests of all that the labels depend on, by name."""
        parts = super().key_parts(runner)
        self._boundary_key = config_digest(parts)
        self._metric_thr = _metric_threshold(runner)
        threshold = self._metric_thr if self.bg_thr is None else self.bg_thr
        return {
            **parts,
            'background threshold': str(threshold),
            'source': 'pred_sem_seg' if self.bg_thr is None else 'pred_cam',
            'CRF': str(self.refinement),
        }

    def item_bytes(self, info: dict, height: int, width: int) -> int:
        """Bytes of a label map, and of a boundary map at stride 4."""
        boundary = height * width // 8 if self.save_boundary else 0
        return png_bytes(height, width) + boundary

    @property
    def _boundary_dir(self) -> Path:
        """Folder of the boundary maps."""
        return self._dir.parent / 'boundaries'

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Hand the labels of a batch to the writers."""
        for sample in outputs:
            if self.save_boundary:
                self._write_boundary(sample)
            self._writer.submit(self._task(sample), self._taker(sample))
        if self._draws:
            self._writer.flush()

    def _task(self, sample) -> LabelTask:
        """All that one label map needs."""
        truth = None
        if 'gt_sem_seg' in sample:
            truth = sample.gt_sem_seg.data[0].cpu().numpy()
        return LabelTask(
            sample.img_id,
            sample.img_path,
            self._dir / f'{sample.img_id}.png',
            self._labels(sample),
            self._key,
            len(self._classes),
            truth,
            record_parts(sample),
        )

    def _taker(self, sample) -> Callable[[WrittenLabels], None]:
        """Count a result, and show it to the hooks that draw."""
        drawn = sample if self._draws and self.refinement.crf else None

        def take(result: WrittenLabels) -> None:
            self._counts['made' if result.made else 'kept'] += 1
            self._counted = self._counted + count_labels(result.labels)
            if drawn is not None:
                refined = torch.from_numpy(result.labels)[None]
                drawn.refined_sem_seg = PixelData(data=refined)
            if result.confusion is not None:
                self._confusion = self._confusion + result.confusion
                self._scored += 1

        return take

    def _labels(self, sample) -> Callable[[], np.ndarray]:
        """What gives the labels of one prediction, (H, W) uint8."""
        classes = None
        if 'pred_cam' in sample:
            classes = np.asarray(sample.pred_cam.classes, np.int64)
        if self.bg_thr is None and 'pred_sem_seg' in sample:
            labels = sample.pred_sem_seg.data[0]
        else:
            labels = self._threshold(sample)
        labels = labels.cpu().numpy().astype(np.uint8)
        return self.refinement.prepare(sample, labels, classes)

    def _threshold(self, sample) -> torch.Tensor:
        """Labels (H, W) of a sample's CAM."""
        threshold = self._metric_thr if self.bg_thr is None else self.bg_thr
        if 'pred_cam' not in sample or threshold is None:
            raise UserError(
                'LabelMapWriterHook needs a model that predicts '
                '`pred_sem_seg`, or `pred_cam` and a background threshold '
                '(`bg_thr`, or a CAMIoUMetric in test_evaluator); this one '
                f'gave {sample.keys()} for {sample.img_id}. An affinity '
                'network predicts labels where the test pipeline loads CAM '
                'records (LoadCAMRecord, PackAffinityInputs)'
            )
        pred = sample.pred_cam
        cam = pred.get(pred.final)
        classes = torch.tensor(pred.classes, dtype=torch.long)
        return cam_to_label(cam, classes.to(cam.device), pred.size, threshold)

    def _write_boundary(self, sample) -> None:
        """Save a boundary map, unless it is there under the same key."""
        if 'pred_boundary' not in sample:
            raise UserError(
                'save_boundary=True needs a model that predicts '
                f'`pred_boundary`, got {sample.keys()}'
            )
        path = self._boundary_dir / f'{sample.img_id}.npz'
        try:
            if load_boundary_map(path)[1] == self._boundary_key:
                return
        except (FileNotFoundError, BoundaryMapError):
            pass
        boundary = sample.pred_boundary.data[0].float().cpu().numpy()
        self._writer.submit(
            partial(save_boundary_map, path, boundary, self._boundary_key)
        )

    def after_test_epoch(self, runner, metrics=None) -> None:
        """Say how many were made, and score what is on disk."""
        super().after_test_epoch(runner, metrics)
        parts = all_gather_object(
            (self._confusion, self._scored, self._counted)
        )
        images = sum(part[1] for part in parts)
        notes = self._notes(runner, sum(part[2] for part in parts))
        if not images:
            put_nested_results('labels', notes)
            return
        confusion = sum(part[0] for part in parts)
        scores = MaskScores(self._classes, confusion, images)
        per_class = {'classes': self._classes, 'IoU': rounded(scores.iou)}
        put_nested_results('labels', {'labels': per_class, **notes})
        runner.logger.info(
            f'{self._dir}, CRF {self.refinement}, {images} images with a '
            f'mask:\n{scores.table("labels on disk")}'
        )
        value = scores.summary()['mIoU']
        if metrics is not None and value is not None:
            metrics['labels/mIoU'] = value
            # RuntimeInfoHook has passed the metrics on to the log already.
            runner.message_hub.update_scalar('test/labels/mIoU', value)

    def _notes(self, runner, counts: np.ndarray) -> dict:
        """Say that the labels are next to nothing; details for the report."""
        notes = label_notes(counts, self._classes, f'labels in {self._dir}')
        for note in notes:
            runner.logger.warning(note)
        return {'label_notes': notes} if notes else {}


def _metric_threshold(runner) -> float | None:
    """Fixed threshold of the test's CAM metric, if it has one."""
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, CAMIoUMetric):
            return float(metric.thresholds[metric.fixed])
    return None
