"""Checkpoints that survive a kill at any moment."""

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from projects.amr.errors import NonFiniteError
from projects.amr.runtime.checkpoints.atomic_backend import (
    BACKEND,
    LateRemoval,
    remove_leftovers,
)
from projects.amr.runtime.checkpoints.checkpoint import (
    non_finite_names,
    restore_histories,
    to_plain,
    unwrap_model,
)
from projects.amr.runtime.checkpoints.resume import LAST
from projects.amr.runtime.files.atomic_write import write_file

SUPERSEDED = 'superseded'
INTERIM = 'interim'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, with files that are whole or absent.

    mmengine deletes the old checkpoint, then writes the new one under its
    final name, then ``last_checkpoint``: killed in between, a run cannot
    resume. Here a checkpoint is published by
    :class:`AtomicCheckpointBackend`, and files are removed once
    ``last_checkpoint`` names the new one; the same holds for ``save_best``.
    What a killed run left half-written or not yet deleted is removed when the
    next one starts. Checkpoints hold tensors and plain values only. Weights
    that are not finite are never published.

    Calls ``gather_state`` of every hook that has it, on all ranks, before a
    checkpoint is put together. Nothing private of mmengine is used: its hook
    saves, to a backend that keeps removals back.

    Args:
        *args: As of ``CheckpointHook``.
        **kwargs: As of ``CheckpointHook``. With ``backend_args``, or an
            ``out_dir`` that is a URL, files are written as that backend
            does it.

    Raises:
        NonFiniteError: When weights to be saved are not finite.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        remote = '://' in str(self.out_dir or '')
        if not (self.backend_args or self.file_client_args or remote):
            self.backend_args = {'backend': BACKEND}
        self._left: list[str] = []
        self._interim: str | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear what a killed run left."""
        super().before_train(runner)
        self.file_backend = LateRemoval(self.file_backend)
        if is_main_process():
            remove_leftovers(
                {Path(self.out_dir), Path(runner.work_dir)},
                [n for n in self._left if n != self._interim],
                runner.logger,
            )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take back histories and the names of files that are to go."""
        hub = checkpoint.get('message_hub')
        if isinstance(hub, dict):
            restore_histories(hub.get('log_scalars', {}))
        if runner._resume:
            self._left = list(checkpoint.get(SUPERSEDED, []))
            self._interim = checkpoint.get(INTERIM)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave plain values only; name the files that this one replaces."""
        checkpoint[SUPERSEDED] = [Path(p).name for p in self._replaced()]
        checkpoint[INTERIM] = self._interim
        for key in set(checkpoint) - {'state_dict'}:
            checkpoint[key] = to_plain(checkpoint[key])

    def after_train_epoch(self, runner: Runner) -> None:
        """Save, if it is time; then remove what is replaced."""
        if self.by_epoch and (
            self.every_n_epochs(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_epoch(runner))
        ):
            self._prepare(runner)
            super().after_train_epoch(runner)
            self._remove_replaced()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Save after iterations, likewise."""
        if not self.by_epoch and (
            self.every_n_train_iters(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_iter(runner))
        ):
            self._prepare(runner)
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
            self._remove_replaced()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best, if it is; the previous best goes afterwards."""
        saves = self.save_best and metrics
        if saves:
            self.require_finite(runner)
            runner.call_hook('gather_state')
        super().after_val_epoch(runner, metrics)
        if saves:
            self._remove_replaced()

    def _prepare(self, runner: Runner) -> None:
        """Do what all ranks must before a checkpoint is put together."""
        self.require_finite(runner)
        runner.call_hook('gather_state')
        if self._interim:
            self.file_backend.remove(self._path(self._interim))
            self._interim = None

    def _path(self, name: str) -> str:
        return self.file_backend.join_path(self.out_dir, name)

    def _replaced(self) -> set[str]:
        """Files to be removed: not the last, nor the best ones of now."""
        several = getattr(self, 'best_ckpt_path_dict', {}).values()
        best = {getattr(self, 'best_ckpt_path', None), *several}
        return set(self.file_backend.paths) - best - {self.last_ckpt}

    def _remove_replaced(self) -> None:
        backend = self.file_backend.backend
        for path in self._replaced() if is_main_process() else ():
            if backend.isfile(path):
                backend.remove(path)
        self.file_backend.paths.clear()

    def save_now(self, runner: Runner, within_step: bool) -> Path:
        """Publish a checkpoint between two regular ones; its path.

        The next regular checkpoint replaces it. In an epoch it is called
        ``epoch_<finished>_iter_<n>.pth``. ``within_step``: the training step
        is over and not yet counted, as in ``after_train_iter``.
        """
        epoch, done = runner.epoch, runner.iter + within_step
        step = epoch if self.by_epoch else done
        if self.by_epoch and within_step:
            step = f'{epoch}_iter_{done}'
        name = self.filename_tmpl.format(step)
        if self.last_ckpt and Path(self.last_ckpt).name == name:
            return Path(self.last_ckpt)
        self._prepare(runner)
        self._interim, self.last_ckpt = name, self._path(name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta={'epoch': epoch, 'iter': done},
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_file(Path(runner.work_dir) / LAST, self.last_ckpt)
        self._remove_replaced()
        return Path(self.last_ckpt)

    def require_finite(self, runner: Runner) -> None:
        """Raise NonFiniteError, on every rank, if weights are not finite."""
        bad = non_finite_names(unwrap_model(runner.model))
        if bad:
            raise NonFiniteError(
                f'not saved: {len(bad)} weights are no longer finite at '
                f'iteration {runner.iter + 1}, as {", ".join(bad[:3])}. '
                f'Last good checkpoint: {self.last_ckpt or "none"}. Go on '
                'from it with --resume and a smaller learning rate '
                '(--cfg-options optim_wrapper.optimizer.lr=...) or '
                'optim_wrapper.clip_grad.max_norm=...'
            )
