"""A training whose loss is no number any more ends, and says where."""

import math
from pathlib import Path

import torch
from mmengine.dist import all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from projects.amr.errors import NonFiniteError
from projects.amr.runtime.checkpoints.resume import last_checkpoint
from projects.amr.runtime.files.atomic_write import write_json

DUMP = 'nonfinite_loss_rank{}.json'


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop after some steps in a row with a loss of nan or infinity.

    With plain SGD the weights are lost from the first such step on; under
    mixed precision the gradient scaler drops single steps, so one alone is
    no reason to stop. The images of the bad batches are written to
    ``nonfinite_loss_rank<r>.json`` in the work dir. Ranks stop together.

    Runs with priority HIGH, before the checkpoint hook, which never
    publishes such weights.

    Args:
        patience (int): Steps in a row. Defaults to 3.

    Raises:
        NonFiniteError: Naming the images and the last good checkpoint.
    """

    priority = 'HIGH'

    def __init__(self, patience: int = 3):
        if patience < 1:
            raise ValueError(f'`patience` must be at least 1, got {patience}')
        self.patience = patience
        self._bad: list[dict] = []

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Look at the step's losses."""
        losses = {
            name: float(torch.as_tensor(value).detach())
            for name, value in (outputs or {}).items()
            if 'loss' in name
        }
        bad = [n for n, v in losses.items() if not math.isfinite(v)]
        if not _any_rank(bool(bad)):
            self._bad = []
            return
        self._bad.append(
            {
                'iteration': runner.iter + 1,
                'losses': {name: repr(v) for name, v in losses.items()},
                'images': batch_images(data_batch),
            }
        )
        images = ', '.join(self._bad[-1]['images'])
        runner.logger.warning(
            f'step {runner.iter + 1}: {", ".join(bad) or "another rank"} not '
            f'finite ({len(self._bad)} in a row, {self.patience} stop the '
            f'run); images {images}'
        )
        if len(self._bad) >= self.patience:
            self._stop(runner)

    def _stop(self, runner: Runner) -> None:
        path = Path(runner.work_dir) / DUMP.format(get_rank())
        write_json(path, self._bad)
        good = last_checkpoint(runner.work_dir)
        first = self._bad[0]
        raise NonFiniteError(
            f'the loss was not finite in {len(self._bad)} steps in a row, '
            f'first in step {first["iteration"]} on images '
            f'{", ".join(first["images"])} (all of them: {path}). Last good '
            f'checkpoint: {good or "none"}. Look at these images; resume with '
            '--resume and optim_wrapper.clip_grad.max_norm=..., or start '
            'again with a smaller learning rate'
        )


def batch_images(data_batch) -> list[str]:
    """Image ids of a loader's batch; ``?`` where there is no path."""
    samples = (data_batch or {}).get('data_samples', [])
    return [Path(str(s.get('img_path') or '?')).stem for s in samples]


def _any_rank(flag: bool) -> bool:
    value = torch.tensor(int(flag))
    all_reduce(value, op='max')
    return bool(value)
