"""Writing of CAM records in the test loop."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.dist import all_gather_object, is_main_process
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.cam_status import STATUS, CAMStatus
from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.errors import DataError
from projects.amr.models.cam_methods import CAMPrediction
from projects.amr.runtime.files.atomic_write import write_json
from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.structures import CAMRecord
from projects.amr.structures.cam_record import STORAGE_DTYPE


@HOOKS.register_module()
class CAMGenerationHook(ItemWriterHook):
    """Write one :class:`CAMRecord` per image while a classifier is tested.

    Each record is complete under its name or absent, and carries a key: the
    digest of the weights, the model's config, the test pipeline and the
    image's pixels. On a rerun a record of the same key and labels stays (its
    contents go to the metrics) and any other one is redone. The records do
    not depend on the number of ranks, nor on stops, to the last bit: see
    :class:`SizeGroupedBatchSampler`.

    A labelled class whose CAM is empty or not finite is left out of its
    record, whose status is then ``empty_cam``; that of an image without
    labels is ``no_label``. ``status.json`` beside the records counts and
    names both. Where too large a share of the labelled images has such a
    class, the test stops: the classifier is not trained, or has NaN weights.

    Runs ``before_test`` (key, folder), ``before_test_iter`` (finished
    items), ``after_test_iter`` (writing) and ``after_test_epoch`` (counts),
    with priority NORMAL.

    Args:
        out_dir (str, optional): Folder of the records, by default ``cams``
            in the work dir.
        max_empty (float): Largest share of labelled images with a dropped
            class, in [0, 1]. Defaults to 0.05.

    Raises:
        UserError: If the folder cannot be written.
        ValueError: If ``max_empty`` is outside [0, 1].
    """

    default_dir = 'cams'
    items = 'CAM records'

    def __init__(self, out_dir: str | None = None, max_empty: float = 0.05):
        super().__init__(out_dir)
        if not 0 <= max_empty <= 1:
            raise ValueError(
                f'`max_empty` must be within [0, 1], got {max_empty}'
            )
        self.max_empty = max_empty

    def before_test(self, runner) -> None:
        """Compute the key, prepare the folder, start counting."""
        super().before_test(runner)
        self._status = CAMStatus()
        self._total = len(runner.test_dataloader.dataset)

    def item_bytes(self, info: dict, height: int, width: int) -> int:
        """Bytes of a record, whose arrays are stored as they are."""
        stride = self._model.cam_method.output_stride
        values = -(-height // stride) * -(-width // stride)
        maps = int(sum(info['img_label'])) * len(self._model.maps)
        return values * maps * np.dtype(STORAGE_DTYPE).itemsize

    def _path(self, sample) -> Path:
        return self._dir / f'{sample.img_id}.npz'

    def before_test_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Fill finished items from their records; the model skips those."""
        self._item_keys, finished, open_sizes = {}, [], set()
        samples = data_batch['data_samples']
        for image, sample in zip(data_batch['inputs'], samples, strict=True):
            self._item_keys[sample.img_id] = self._item_key(image)
            record = self._finished(sample)
            if record is None:
                open_sizes.add(tuple(image.shape[-2:]))
            else:
                finished.append((sample, record))
        self._kept = {sample.img_id for sample, _ in finished}
        for sample, record in finished:
            # An unfinished item is made in the batch of an undisturbed run:
            # one of fewer images of its size has other sums, in the last bit.
            if tuple(record.size) not in open_sizes:
                self._fill(sample, record)

    def _fill(self, sample, record: CAMRecord) -> None:
        """Turn a record into the prediction that it was written from."""
        maps = self._model.maps
        prediction = CAMPrediction.of_record(record, maps)
        prediction.fill(sample, maps, tuple(record.size))

    def _item_key(self, image) -> str:
        """Key of one item: the run's and that of its image (3, H, W)."""
        pixels = image.contiguous().numpy().tobytes()
        return config_digest(
            {
                'run': self._key,
                'shape': tuple(image.shape),
                'image': hashlib.sha256(pixels).hexdigest(),
            }
        )

    def _finished(self, sample) -> CAMRecord | None:
        """Record of an item made under the same key, if there is one."""
        try:
            record = CAMRecord.load(self._path(sample))
        except DataError:
            return None
        labelled = sample.gt_label.nonzero()[:, 0].tolist()
        found = sorted([*record.classes.tolist(), *record.dropped.tolist()])
        maps = {*record.branches, self._model.final}
        same = (
            record.key == self._item_keys[sample.img_id]
            and found == labelled
            and record.scores is not None
            and maps == set(self._model.maps)
        )
        return record if same else None

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Hand the records of a batch's new items to the writers."""
        for sample in outputs:
            pred = sample.pred_cam
            self._status.add(sample.img_id, pred.classes, pred.dropped)
            if sample.img_id in self._kept:
                self._count(made=False)
                continue
            save = partial(self._record(sample).save, self._path(sample))
            self._writer.submit(save, lambda _: self._count(made=True))
        # So many that the rest cannot bring the share down again.
        self._status.require(self.max_empty, self._total)

    def after_test_epoch(self, runner, metrics=None) -> None:
        """Count, write the status down, and refuse too many empty CAMs."""
        super().after_test_epoch(runner, metrics)
        status = CAMStatus.joined(all_gather_object(self._status))
        if is_main_process():
            runner.logger.info(f'{self.items}: {status}')
            write_json(self._dir / STATUS, status.content())
        status.require(self.max_empty, status.labelled)

    def _record(self, sample) -> CAMRecord:
        pred = sample.pred_cam
        cams = {name: pred.get(name).cpu().numpy() for name in pred.maps}
        return CAMRecord(
            classes=pred.classes,
            cam=cams.pop(pred.final),
            size=pred.size,
            branches=cams,
            scores=sample.pred_score.cpu().numpy(),
            key=self._item_keys[sample.img_id],
            dropped=pred.dropped,
        )
