"""Writing of CAM records in the test loop."""

import json
from pathlib import Path

from mmengine.dist import (
    all_gather_object,
    barrier,
    is_main_process,
    master_only,
)
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from projects.amr.engine.fingerprint import config_digest, weights_digest
from projects.amr.errors import UserError
from projects.amr.structures import CAMRecord, CAMRecordError, published

MANIFEST = 'generation.json'


@HOOKS.register_module()
class CAMGenerationHook(Hook):
    """Write one :class:`CAMRecord` per image while a classifier is tested.

    Each record is complete under its name or absent, and carries a key: the
    digest of the weights, the model's config and the test pipeline. On a
    rerun an image whose record has the same key and labels is not computed
    again (its record's contents go to the metrics); any other record is
    redone. The records do not depend on the number of ranks.

    Runs ``before_test`` (key, folder), ``before_test_iter`` (finished items)
    and ``after_test_iter`` (writing), with priority NORMAL.

    Args:
        out_dir (str, optional): Folder of the records, by default ``cams``
            in the work dir.

    Raises:
        UserError: If the folder cannot be written.
    """

    priority = 'NORMAL'

    def __init__(self, out_dir: str | None = None):
        self.out_dir = out_dir

    def before_test(self, runner: Runner) -> None:
        """Compute the key and prepare the folder."""
        self._dir = Path(self.out_dir or Path(runner.work_dir) / 'cams')
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            with published(self._dir / '.writable') as file:
                file.write(b'')
            (self._dir / '.writable').unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f'CAM records cannot be written to {self._dir} ({error}): '
                'choose another folder with --out'
            ) from None
        self._model = _unwrapped(runner.model)
        parts = self._key_parts(runner)
        self._key = config_digest(parts)
        self._counts = {'made': 0, 'kept': 0}
        self._announce(runner, parts)
        barrier()

    def _key_parts(self, runner: Runner) -> dict[str, str]:
        """Digests of all that the records depend on."""
        pipeline = runner.cfg.test_dataloader.dataset.get('pipeline')
        config = runner.cfg.model.to_dict()
        return {
            'weights': weights_digest(self._model),
            'model config': config_digest(_without_init(config)),
            'test pipeline': config_digest(pipeline),
        }

    @master_only
    def _announce(self, runner: Runner, parts: dict[str, str]) -> None:
        """Say what changed since the folder was last written to."""
        manifest = self._dir / MANIFEST
        try:
            before = json.loads(manifest.read_text())['made_from']
        except (OSError, ValueError, KeyError, TypeError):
            before = None
        if isinstance(before, dict) and before != parts:
            changed = [k for k, v in parts.items() if before.get(k) != v]
            runner.logger.info(
                f'{self._dir}: {", ".join(changed)} changed since these CAM '
                'records were made; they are redone'
            )
        with published(manifest) as file:
            text = json.dumps({'key': self._key, 'made_from': parts}, indent=1)
            file.write(text.encode())

    def _path(self, sample) -> Path:
        """Record file of a data sample."""
        return self._dir / f'{sample.img_id}.npz'

    def before_test_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Attach the records of finished items to their samples."""
        self._kept = set()
        for sample in data_batch['data_samples']:
            record = self._finished(sample)
            if record is not None:
                sample.set_field(record, 'cam_record', field_type='data')
                self._kept.add(sample.img_id)

    def _finished(self, sample) -> CAMRecord | None:
        """Record of an item made under the same key, if there is one."""
        try:
            record = CAMRecord.load(self._path(sample))
        except (FileNotFoundError, CAMRecordError):
            return None
        labelled = sample.gt_label.nonzero()[:, 0].tolist()
        maps = {*record.branches, self._model.final}
        same = (
            record.key == self._key
            and record.classes.tolist() == labelled
            and record.scores is not None
            and maps == set(self._model.maps)
        )
        return record if same else None

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Write the records of a batch's new items."""
        for sample in outputs:
            if sample.img_id in self._kept:
                self._counts['kept'] += 1
                continue
            self._record(sample).save(self._path(sample))
            self._counts['made'] += 1

    def _record(self, sample) -> CAMRecord:
        """Turn a prediction into a record."""
        pred = sample.pred_cam
        cams = {name: pred.get(name).cpu().numpy() for name in pred.maps}
        return CAMRecord(
            classes=pred.classes,
            cam=cams.pop(pred.final),
            size=pred.size,
            branches=cams,
            scores=sample.pred_score.cpu().numpy(),
            key=self._key,
        )

    def after_test_epoch(self, runner, metrics=None) -> None:
        """Say how many records were made and kept, over all ranks."""
        counts = all_gather_object(self._counts)
        if is_main_process():
            made, kept = (
                sum(c[key] for c in counts) for key in ('made', 'kept')
            )
            runner.logger.info(
                f'CAM records in {self._dir}: {made} made, {kept} kept from '
                'an earlier run'
            )


def _unwrapped(model):
    """The classifier inside a distributed wrapper."""
    return model.module if is_model_wrapper(model) else model


def _without_init(config):
    """Model config without what only sets the weights before training."""
    if isinstance(config, dict):
        return {
            key: _without_init(value)
            for key, value in config.items()
            if key not in ('init_cfg', 'pretrained')
        }
    if isinstance(config, (list, tuple)):
        return [_without_init(value) for value in config]
    return config
