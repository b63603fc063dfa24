"""Writing of predicted label maps in the test loop."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.structures import PixelData
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.engine.hooks.picture_strip_hook import PictureStripHook
from projects.amr.errors import DataError, UserError
from projects.amr.evaluation.label_share import count_labels, label_notes
from projects.amr.evaluation.mask_evaluation import MaskScores, mask_confusion
from projects.amr.evaluation.nested_results import put_nested_results, rounded
from projects.amr.ops.label_crf import crf_name, refine_scores
from projects.amr.runtime.files.disk_space import png_bytes
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.structures import finished_label_map, save_label_map


@HOOKS.register_module()
class LabelMapWriterHook(ItemWriterHook):
    """Write one palette PNG of labels per image while a model is tested.

    The labels are the model's ``pred_sem_seg`` or, with a CRF, those of the
    softmax of its ``seg_logits`` after :func:`refine_scores`. Each file
    carries the key of :class:`ItemWriterHook`, of these settings, of the
    image and of its CAM record, if there is one. On a rerun a PNG of the
    same key stays as it is, and its CRF is not run again; the network runs
    for every image all the same, since the metrics need its prediction.

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
        crf (str | None): Entry of ``CRF_KINDS``. Defaults to None.

    Raises:
        ValueError: If there is no such CRF.
    """

    default_dir = 'labels'
    items = 'label maps'
    suffix = '.png'

    def __init__(self, out_dir: str | None = None, crf: str | None = None):
        super().__init__(out_dir)
        crf_name(crf)
        self.crf = crf

    def before_test(self, runner) -> None:
        """Compute the key, prepare the folder, start counting."""
        super().before_test(runner)
        self._classes = tuple(
            runner.test_dataloader.dataset.metainfo['classes']
        )
        self._confusion, self._scored, self._counted = 0, 0, 0
        self._draws = any(
            isinstance(hook, PictureStripHook) and hook.out_dir is not None
            for hook in runner.hooks
        )

    def key_parts(self, runner) -> dict[str, str]:
        """Digests of all that the labels depend on, by name."""
        return {**super().key_parts(runner), 'CRF': self._crf_name()}

    def _crf_name(self) -> str:
        name = crf_name(self.crf)
        return name if self.crf is None else f'{name} on scores'

    def item_bytes(self, info: dict, height: int, width: int) -> int:
        """Bytes of a label map."""
        return png_bytes(height, width)

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Hand the labels of a batch to the writers."""
        for sample in outputs:
            truth = None
            if 'gt_sem_seg' in sample:
                truth = sample.gt_sem_seg.data[0].cpu().numpy()
            task = partial(
                finish_labels,
                self._dir / f'{sample.img_id}.png',
                self._labels(sample),
                sample.img_path,
                {'run': self._key, **record_parts(sample)},
                truth,
                len(self._classes),
            )
            # Only what is drawn keeps its tensors until the labels are there.
            drawn = sample if self._draws and self.crf else None
            self._writer.submit(task, partial(self._take, drawn))
        if self._draws:
            self._writer.flush()

    def _take(self, drawn, result: tuple) -> None:
        """Count a result; put it on the sample that will be drawn."""
        labels, made, confusion = result
        self._count(made)
        self._counted = self._counted + count_labels(labels)
        if drawn is not None:
            refined = torch.from_numpy(labels)[None]
            drawn.refined_sem_seg = PixelData(data=refined)
        if confusion is not None:
            self._confusion = self._confusion + confusion
            self._scored += 1

    def _labels(self, sample) -> Callable[[], np.ndarray]:
        """Function that gives the labels of one prediction, (H, W) uint8."""
        if 'pred_sem_seg' not in sample:
            raise UserError(
                'LabelMapWriterHook needs a model that predicts '
                f'`pred_sem_seg`; this one gave {sample.keys()} for '
                f'{sample.img_id}. An affinity network predicts labels where '
                'the test pipeline loads CAM records (LoadCAMRecord, '
                'PackAffinityInputs)'
            )
        labels = sample.pred_sem_seg.data[0].cpu().numpy().astype(np.uint8)
        if self.crf is None:
            return lambda: labels
        if 'seg_logits' not in sample or len(sample.seg_logits.data) < 2:
            raise UserError(
                f'crf={self.crf!r} needs a segmentor with one logit per label '
                f'(`seg_logits`); this model gave {sample.keys()} for '
                f'{sample.img_id}: set crf=None'
            )
        probs = sample.seg_logits.data.float().softmax(0).cpu().numpy()
        return partial(self._refine, sample.img_path, probs)

    def _refine(self, img_path: str, probs: np.ndarray) -> np.ndarray:
        image = mmcv.imread(img_path, channel_order='rgb')
        return refine_scores(image, probs, self.crf)

    def after_test_epoch(self, runner, metrics=None) -> None:
        """Say how many were made, and score what is on disk."""
        super().after_test_epoch(runner, metrics)
        parts = all_gather_object(
            (self._confusion, self._scored, self._counted)
        )
        confusion, images, counts = (
            sum(values) for values in zip(*parts, strict=True)
        )
        notes = label_notes(counts, self._classes, f'labels in {self._dir}')
        for note in notes:
            runner.logger.warning(note)
        details = {'label_notes': notes} if notes else {}
        if images:
            scores = MaskScores(self._classes, confusion, images)
            per_class = {'classes': self._classes, 'IoU': rounded(scores.iou)}
            details = {'labels': per_class, **details}
            self._report(runner, metrics, scores)
        put_nested_results('labels', details)

    def _report(self, runner, metrics, scores: MaskScores) -> None:
        """Log the scores of what is on disk; add mIoU to the metrics."""
        runner.logger.info(
            f'{self._dir}, CRF {self._crf_name()}, {scores.num_images} images '
            f'with a mask:\n{scores.table("labels on disk")}'
        )
        value = scores.summary()['mIoU']
        if metrics is not None and value is not None:
            metrics['labels/mIoU'] = value
            # RuntimeInfoHook has passed the metrics on to the log already.
            runner.message_hub.update_scalar('test/labels/mIoU', value)


def finish_labels(
    path: Path,
    make: Callable[[], np.ndarray],
    img_path: str,
    key_parts: dict,
    truth: np.ndarray | None,
    num_classes: int,
) -> tuple[np.ndarray, bool, np.ndarray | None]:
    """Make, write and score one label map, in any thread.

    ``make`` gives the labels, uint8, (H, W); it is not called where an item of
    the same key is finished: that of the image file and ``key_parts``.
    Arguments are arrays only, so that the prediction's tensors are free.
    Returns the labels on disk, whether they are new, and the confusion with
    the mask ``truth`` (H, W), None without one.

    Raises DataError if the mask does not fit, UserError if the labels cannot
    be made or written.
    """
    key = config_digest({'image': file_digest(img_path), **key_parts})
    labels = finished_label_map(path, key)
    made = labels is None
    if made:
        labels = make()
        save_label_map(path, labels, key=key)
    if truth is None:
        return labels, made, None
    try:
        return labels, made, mask_confusion(labels, truth, num_classes)
    except ValueError as error:
        raise DataError(f'{path.stem}: {error}') from None


def record_parts(sample) -> dict:
    """Parts of a label map's key from its CAM record, if it has one."""
    if 'cam_input' not in sample:
        return {}
    record = sample.cam_input
    cam = np.ascontiguousarray(record.cam.cpu().numpy())
    return {
        'record': record.get('key', ''),
        'classes': list(record.classes),
        'cam': hashlib.sha256(cam.tobytes()).hexdigest(),
    }
