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
    final name, then rewrites ``last_checkpoint``: killed in between, a run
    cannot resume. Here a checkpoint is published by
    :class:`AtomicCheckpointBackend`, then ``last_checkpoint`` is replaced in
    one step, and only then the old file goes; the same holds for
    ``save_best``. What a killed run left half-written or not yet deleted is
    removed when the next one starts. Checkpoints hold tensors and plain
    values only. Weights that are not finite are never published.

    Calls ``gather_state`` of every hook that has it, on all ranks, before a
    checkpoint is put together.

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
        self._superseded: list[str] = []
        self._interim: str | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear what a killed run left."""
        super().before_train(runner)
        if is_main_process():
            remove_leftovers(
                {Path(self.out_dir), Path(runner.work_dir)},
                [n for n in self._superseded if n != self._interim],
                runner.logger,
            )
        self._superseded = []

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take back histories and the names of files that are to go."""
        hub = checkpoint.get('message_hub')
        if isinstance(hub, dict):
            restore_histories(hub.get('log_scalars', {}))
        if runner._resume:
            self._superseded = list(checkpoint.get(SUPERSEDED, []))
            self._interim = checkpoint.get(INTERIM)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave plain values only; name the files that this one replaces."""
        checkpoint[SUPERSEDED] = self._superseded
        checkpoint[INTERIM] = self._interim
        for key in set(checkpoint) - {'state_dict'}:
            checkpoint[key] = to_plain(checkpoint[key])

    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        """Publish the checkpoint of a step, then drop the oldest."""
        dropped = []
        if self.max_keep_ckpts > 0:
            ids = [i for i in self.keep_ckpt_ids if i != step] + [step]
            dropped = ids[: -self.max_keep_ckpts]
            self.keep_ckpt_ids.clear()
            self.keep_ckpt_ids.extend(ids[len(dropped) :])
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids)
            )
        names = [self.filename_tmpl.format(i) for i in dropped]
        names += [
            Path(path).name
            for path in getattr(self.file_backend, 'paths', [])
            if path not in self._best_paths()
        ]
        if self._interim:
            names.append(self._interim)
            self._interim = None
        self._publish(runner, self.filename_tmpl.format(step), meta, names)

    def _publish(self, runner, name: str, meta: dict, superseded) -> None:
        """Publish a checkpoint and its name; delete what it replaces."""
        self.require_finite(runner)
        self._superseded = list(superseded)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.call_hook('gather_state')
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_file(Path(runner.work_dir) / LAST, str(self.last_ckpt))
            for old in self._superseded:
                path = self.file_backend.join_path(self.out_dir, old)
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)
        self._superseded = []

    def _save_best_checkpoint(self, runner, metrics) -> None:
        """Save the best checkpoint; the previous best goes afterwards."""
        if not self.save_best:
            return
        self.require_finite(runner)
        runner.call_hook('gather_state')
        backend = self.file_backend
        self.file_backend = late = LateRemoval(backend)
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        for path in set(late.paths) - self._best_paths():
            if is_main_process():
                backend.remove(path)

    def _best_paths(self) -> set:
        several = getattr(self, 'best_ckpt_path_dict', {}).values()
        return {getattr(self, 'best_ckpt_path', None), *several}

    def save_now(self, runner: Runner, within_step: bool) -> Path:
        """Publish a checkpoint between two regular ones; its path.

        In an epoch it is called ``epoch_<finished>_iter_<n>.pth``; the next
        regular checkpoint replaces it. ``within_step``: the training step is
        over and not yet counted, as in ``after_train_iter``.
        """
        epoch, done = runner.epoch, runner.iter + within_step
        meta = {'epoch': epoch, 'iter': done}
        step = epoch if self.by_epoch else done
        if self.by_epoch and within_step:
            name = self.filename_tmpl.format(f'{epoch}_iter_{done}')
            old, self._interim = self._interim, name
            names = [old] if old and old != name else []
            self._publish(runner, name, meta, names)
        elif self.last_ckpt is None or (
            Path(self.last_ckpt).name != self.filename_tmpl.format(step)
        ):
            self._save_checkpoint_with_step(runner, step, meta)
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
