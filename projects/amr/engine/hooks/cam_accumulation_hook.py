"""Online attention accumulation (OAA, ICCV 2019) while a classifier trains."""

from copy import deepcopy
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch import Tensor

from projects.amr.errors import UserError
from projects.amr.models.cam_methods import CAMPrediction
from projects.amr.ops.cam_accumulation import accumulate_cam, seen_classes
from projects.amr.runtime.checkpoints.checkpoint import unwrap_model
from projects.amr.runtime.files.former_results import set_aside
from projects.amr.structures import CAMRecord


@HOOKS.register_module()
class CAMAccumulationHook(Hook):
    """Keep the maximum of a classifier's CAMs over its training.

    Every ``interval`` the images of ``test_dataloader`` pass the classifier
    as it is then, with the CAM method of validation, and one
    :class:`CAMRecord` per image takes the maximum. Any classifier will do;
    its final map is accumulated. The records are what later stages read
    (``CAM_DIR``).

    Released code: maps of the training batches themselves, which therefore
    are neither shuffled, flipped nor cropped. Here: whole images in passes of
    their own, so that training stays as it is, at the cost of a forward pass
    per image and ``interval``.

    A maximum is idempotent: a pass that a stop cut off is repeated after
    the resume, and the records are those of an undisturbed run.

    Runs ``before_train`` (folder) and ``after_train_epoch`` or
    ``after_train_iter`` (a pass), before the checkpoint is written.

    Args:
        out_dir (str, optional): Folder of the records, by default
            ``accumulated_cams`` in the work dir. A new training moves an
            earlier one's records to ``<out_dir>.previous``.
        interval (int): Epochs or iterations between passes, at least 1; the
            last always has one. Defaults to 1.
        by_epoch (bool): What ``interval`` and ``begin`` count. Defaults to
            True.
        begin (int): Epochs or iterations that are done at the first pass; 0
            is as ``interval``. Defaults to 0.
        evaluator (dict | list, optional): Metrics of the records after the
            last pass, such as dict(type='CAMIoUMetric'). Defaults to None.

    Raises:
        ValueError: If ``interval`` or ``begin`` is out of range.
    """

    priority = 'NORMAL'

    def __init__(
        self,
        out_dir: str | None = None,
        interval: int = 1,
        by_epoch: bool = True,
        begin: int = 0,
        evaluator: dict | list | None = None,
    ):
        if interval < 1 or begin < 0:
            raise ValueError(
                '`interval` must be at least 1 and `begin` at least 0, got '
                f'{interval} and {begin}'
            )
        self.out_dir = out_dir
        self.interval = interval
        self.by_epoch = by_epoch
        self.begin = begin
        self.evaluator = evaluator

    def before_train(self, runner) -> None:
        """Prepare the folder and the loader of whole images."""
        self._dir = Path(self.out_dir or f'{runner.work_dir}/accumulated_cams')
        if runner.iter == 0 and is_main_process():
            self._set_aside()
        self._dir.mkdir(parents=True, exist_ok=True)
        config = deepcopy(runner.cfg.test_dataloader)
        self._loader = runner.build_dataloader(config, seed=runner.seed)

    def _set_aside(self) -> None:
        """Keep the records of an earlier training, and those alone."""
        previous = self._dir.with_name(f'{self._dir.name}.previous')
        if not any(self._dir.glob('*.npz')):
            return
        others = [p for p in previous.glob('*') if p.suffix != '.npz']
        if others:
            raise UserError(
                f'{previous} holds files of others, such as '
                f'{min(others).name}: move them'
            )
        set_aside(self._dir, previous, lambda _: True)

    def after_train_epoch(self, runner) -> None:
        """Make a pass if one is due after this epoch."""
        last = self.is_last_train_epoch(runner)
        due = self.every_n_epochs(runner, self.interval, self.begin)
        if self.by_epoch and (due or last):
            self._make_pass(runner, last)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Make a pass if one is due after this iteration."""
        last = runner.iter + 1 == runner.max_iters
        due = self.every_n_train_iters(runner, self.interval, self.begin)
        if not self.by_epoch and (due or last):
            self._make_pass(runner, last)

    def _make_pass(self, runner, last: bool) -> None:
        """Accumulate the CAMs of all images; score the records at the end."""
        model = unwrap_model(runner.model)
        evaluator = None
        if last and self.evaluator:
            evaluator = Evaluator(deepcopy(self.evaluator))
            evaluator.dataset_meta = self._loader.dataset.metainfo
        model.eval()
        # Data loaders draw a seed; the training's stream stays as it was.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            for batch in self._loader:
                samples = model.val_step(batch)
                for sample in samples:
                    self._accumulate(sample, last)
                if evaluator is not None:
                    evaluator.process(list(map(self._scored, samples)), batch)
        model.train()
        if evaluator is not None:
            self._log_scores(runner, evaluator)

    def _accumulate(self, sample, last: bool) -> None:
        labelled = sample.gt_label.nonzero()[:, 0].cpu()
        pred, path = sample.pred_cam, self._dir / f'{sample.img_id}.npz'
        found = pred.get(pred.final).float().cpu()
        maps = _on_classes(found, torch.tensor(pred.classes), labelled)
        before = self._accumulated(path, labelled)
        scores = sample.pred_score.float().cpu()
        seen = seen_classes(scores, labelled)
        if last:  # what was never seen takes the last map all the same
            seen |= _is_empty(maps if before is None else before)
        cam = accumulate_cam(before, maps, seen=seen)
        empty = _is_empty(cam)
        CAMRecord(
            labelled[~empty].numpy(),
            cam[~empty].numpy(),
            pred.size,
            scores=scores.numpy(),
            dropped=labelled[empty].numpy(),
        ).save(path)

    @staticmethod
    def _accumulated(path: Path, labelled: Tensor) -> Tensor | None:
        """Maps of the labelled classes so far; None at the first time."""
        if not path.is_file():
            return None
        record = CAMRecord.load(path)
        return _on_classes(
            torch.from_numpy(record.cam),
            torch.from_numpy(record.classes),
            labelled,
        )

    def _scored(self, sample):
        """A sample with its record, as stored, instead of its own CAMs."""
        record = CAMRecord.load(self._dir / f'{sample.img_id}.npz')
        prediction = CAMPrediction.of_record(record, ('cam',))
        prediction.fill(sample, ('cam',), record.size)
        return sample

    def _log_scores(self, runner, evaluator: Evaluator) -> None:
        metrics = evaluator.evaluate(len(self._loader.dataset))
        if is_main_process():
            shown = {
                f'accumulated/{key}': value for key, value in metrics.items()
            }
            runner.visualizer.add_scalars(shown, step=runner.iter + 1)
            for key, value in shown.items():
                runner.logger.info(f'{key}: {value:.2f}')


def _on_classes(cam: Tensor, classes: Tensor, labelled: Tensor) -> Tensor:
    """Maps (K, h, w) of all labelled classes, 0 for those without one."""
    result = cam.new_zeros(len(labelled), *cam.shape[-2:])
    result[torch.searchsorted(labelled, classes.long())] = cam
    return result


def _is_empty(cam: Tensor) -> Tensor:
    return ~(cam.flatten(1) > 0).any(1)
