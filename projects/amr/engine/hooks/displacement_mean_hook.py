"""Mean displacement of IRNet, measured when the training ends."""

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class DisplacementMeanHook(Hook):
    """Set the mean that a displacement head takes off in eval mode.

    Only differences of displacements are trained, so a field is known but
    for a constant. The constant is the mean over the training images as the
    training pipeline gives them, of all ranks. (Released code: over their
    upper left crops, not augmented.)

    Runs at the end of the last epoch, before the checkpoint is saved
    (priority NORMAL, CheckpointHook VERY_LOW). Does nothing for a network
    without displacement head.

    Args:
        by_epoch (bool): Whether the training loop is epoch-based; if not,
            the hook runs after the last iteration. Defaults to True.
    """

    priority = 'NORMAL'

    def __init__(self, by_epoch: bool = True):
        self.by_epoch = by_epoch

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure after the last epoch."""
        if self.by_epoch and self.is_last_train_epoch(runner):
            self._measure(runner)

    def after_train_iter(
        self, runner: Runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Measure after the last iteration of an iteration-based loop."""
        if not self.by_epoch and self.is_last_train_iter(runner):
            self._measure(runner)

    def _measure(self, runner: Runner) -> None:
        """Pass over the training images once."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        head = getattr(model, 'displacement_head', None)
        if head is None:
            return
        model.eval()
        head.mean_displacement.zero_()
        total = head.mean_displacement.new_zeros(3, dtype=torch.float64)
        with torch.no_grad():
            for batch in runner.train_dataloader:
                inputs = model.data_preprocessor(batch, True)['inputs']
                field = model(inputs, mode='tensor')[1].double()
                total[:2] += field.mean((2, 3)).sum(0)
                total[2] += len(field)
        all_reduce(total)
        head.mean_displacement.copy_(total[:2] / total[2].clamp_min(1))
        model.train()
        if is_main_process():
            dy, dx = head.mean_displacement.tolist()
            runner.logger.info(
                f'mean displacement over {int(total[2])} training images: '
                f'({dy:.4f}, {dx:.4f}) feature pixels'
            )
