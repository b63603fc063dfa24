"""Channels-last memory format: the layout that tensor cores read."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the weights channels last in memory, and so all feature maps.

    Convolutions whose weights are in this format return maps in it, so the
    images need not be converted. Values do not depend on it but for the
    order of sums. It pays on GPUs with tensor cores under mixed precision,
    and hardly or not elsewhere: measure. Checkpoints load either way.

    Runs with priority VERY_HIGH before training and before testing, once the
    weights are loaded.

    On several ranks DistributedDataParallel has laid out its buckets before,
    and warns once that gradients are copied into them.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Convert the weights."""
        runner.model.to(memory_format=torch.channels_last)

    def before_test(self, runner: Runner) -> None:
        """Convert the weights."""
        runner.model.to(memory_format=torch.channels_last)
