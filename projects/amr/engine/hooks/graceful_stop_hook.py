"""Ctrl-C and SIGTERM end a training between two steps, resumably."""

import os
import shlex
import signal
import sys
import threading

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import BaseLoop, Runner
from mmseg.registry import HOOKS

from projects.amr.engine.hooks.atomic_checkpoint_hook import (
    AtomicCheckpointHook,
)
from projects.amr.errors import StoppedError
from projects.amr.runtime.checkpoints.resumed_schedule import (
    accumulative_counts,
)
from projects.amr.runtime.processes.worker_signals import WorkerSignalMask

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@HOOKS.register_module()
class GracefulStopHook(Hook):
    """Finish the step in hand, publish a checkpoint, say how to resume.

    The first Ctrl-C or SIGTERM is noted; after the step (the update, where
    gradients are summed over several steps; in validation the batch, with
    several ranks or averaged weights the whole of it) a checkpoint of exactly
    this place is published and the run ends with exit code 130 or 143.
    :class:`ExactResumeHook` makes the resumed run continue within the epoch; a
    validation that was interrupted is not repeated. A second signal ends the
    process at once. Workers of the data loaders are kept from both signals
    (:class:`WorkerSignalMask`). The earlier handlers are back when the
    training's loop is left, by an error too.

    Ranks agree on the step: the flag is reduced over them each step. Not so
    within a validation, where one rank may have a batch more than another.
    Nor is a validation of averaged weights cut off: until its end the model
    holds those of :class:`~mmengine.hooks.EMAHook`, not the trained ones.

    Runs with priority LOWEST, after the checkpoint hook.

    Raises:
        StoppedError: After the step; with the command that resumes.
    """

    priority = 'LOWEST'

    def __init__(self):
        self._signal = 0
        self._before: dict[int, object] = {}
        self._signal_mask = WorkerSignalMask()

    def before_run(self, runner: Runner) -> None:
        """Give the signals back whichever way the training's loop ends."""
        loop = runner._train_loop
        if not isinstance(loop, BaseLoop) or 'run' in vars(loop):
            return
        run = loop.run

        def run_and_restore():
            try:
                return run()
            finally:
                self._restore()

        loop.run = run_and_restore

    def before_train(self, runner: Runner) -> None:
        """Take over the signals, and keep them from the workers."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._signal, owner = 0, os.getpid()

        def note(number, _frame):
            if os.getpid() != owner:
                return
            if self._signal:
                self._restore()
                signal.signal(number, signal.SIG_DFL)
                os.kill(owner, number)
                return
            self._signal = int(number)
            print(
                f'\n{signal.Signals(number).name}: stopping after this step '
                '(again: at once)',
                file=sys.stderr,
                flush=True,
            )

        self._before = {n: signal.signal(n, note) for n in SIGNALS}
        self._signal_mask.block()
        for loop in (runner.train_loop, runner.val_loop):
            self._signal_mask.install(getattr(loop, 'dataloader', None))

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Stop here if asked to."""
        counts = accumulative_counts(runner.optim_wrapper)
        if (runner.iter + 1) % counts == 0 and self._asked():
            self._stop(runner, within_step=True)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Stop a validation within training if asked to."""
        averaged = any(isinstance(hook, EMAHook) for hook in runner.hooks)
        if get_world_size() == 1 and not averaged:
            self._stop_validation(runner)

    def after_val_epoch(self, runner: Runner, metrics=None) -> None:
        """Stop at its end: ranks meet, the trained weights are back."""
        self._stop_validation(runner)

    def _stop_validation(self, runner: Runner) -> None:
        """Stop if this is a validation within training, and asked to."""
        if self._before and self._asked():
            self._stop(runner, within_step=False)

    def _asked(self) -> int:
        """The signal that any rank got, 0 for none."""
        flag = torch.tensor(self._signal)
        all_reduce(flag, op='max')
        self._signal = int(flag)
        return self._signal

    def _stop(self, runner: Runner, within_step: bool) -> None:
        """Publish where the run is, and end it."""
        done = runner.iter + within_step
        saver = next(
            (h for h in runner.hooks if isinstance(h, AtomicCheckpointHook)),
            None,
        )
        place = f'stopped after step {done} of {runner.max_iters}'
        if saver is None:
            place += ', it resumes from the last regular checkpoint'
        else:
            place += f', saved in {saver.save_now(runner, within_step)}'
        raise StoppedError(
            f'{place}. To resume:\n  {resume_command(runner)}',
            128 + self._signal,
        )

    def _restore(self) -> None:
        """Set the signals' earlier handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        self._signal_mask.unblock()


def resume_command(runner: Runner) -> str:
    """The command line, for a shell, that resumes this run."""
    words = [word for word in sys.argv if word != '--resume']
    if runner.launcher == 'none':
        return shlex.join(['python', *words, '--resume'])
    return 'the same command with --resume'
