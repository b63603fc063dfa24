"""Writing of predicted label maps in the test loop."""

from collections.abc import Callable
from functools import partial

import mmcv
import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.structures import PixelData
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.engine.hooks.label_task import LabelTask, record_parts
from projects.amr.engine.hooks.picture_strip_hook import PictureStripHook
from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import count_labels, label_notes
from projects.amr.evaluation.mask_evaluation import MaskScores
from projects.amr.evaluation.nested_results import put_nested_results, rounded
from projects.amr.ops.label_crf import crf_name, refine_scores
from projects.amr.runtime.files.disk_space import png_bytes

_CRF_PARAMS = ('kernels', 'num_iters')


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
        crf_params (dict, optional): ``kernels`` and ``num_iters`` of
            :func:`refine_scores`. Defaults to its own.
        **kwargs: ``num_writers`` and ``max_waiting`` of
            :class:`ItemWriterHook`.

    Raises:
        ValueError: If an option is unknown.
    """

    default_dir = 'labels'
    items = 'label maps'
    suffix = '.png'

    def __init__(
        self,
        out_dir: str | None = None,
        crf: str | None = None,
        crf_params: dict | None = None,
        **kwargs,
    ):
        super().__init__(out_dir, **kwargs)
        crf_name(crf)
        if not set(crf_params or ()) <= set(_CRF_PARAMS):
            raise ValueError(
                f'`crf_params` are {_CRF_PARAMS}, got {sorted(crf_params)}'
            )
        self.crf = crf
        self.crf_params = dict(crf_params or {})

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
        if self.crf is None:
            return name
        return f'{name} on scores {self.crf_params or ""}'.strip()

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
            task = LabelTask(
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
        self._counts['made' if made else 'kept'] += 1
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
        return refine_scores(image, probs, self.crf, **self.crf_params)

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
