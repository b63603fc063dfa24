"""BatchNorm folded into convolutions while a model is tested."""

from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.nn.modules.batchnorm import _BatchNorm

from projects.amr.models.conv_bn_fusion import fuse_conv_bn, unfuse


@HOOKS.register_module()
class FuseConvBNHook(Hook):
    """Fold BatchNorms into the convolutions before them for the test loop.

    See :func:`~projects.amr.models.conv_bn_fusion.fuse_conv_bn` for which
    ones; those that stay in training mode (``norm_always_train`` of the
    released AMM) are left alone. Results change by rounding only, except
    that a CAM method that climbs (AdvCAM) carries rounding on from step to
    step. After the test the model is what it was. Nothing is folded where an
    :class:`~mmengine.hooks.EMAHook` exchanges the weights around the test.

    Runs before the test epoch, when the keys of CAM records and label maps
    have been taken from the weights as they were loaded, so that records
    made with and without it stand for each other; and after the test.
    """

    def __init__(self) -> None:
        self._taken: list = []

    def before_test_epoch(self, runner: Runner) -> None:
        """Fold what can be folded; say how much that is."""
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            runner.logger.info('no BatchNorms folded: EMAHook swaps weights')
            return
        unfuse(self._taken)  # of a test that broke off
        model = runner.model.eval()  # the loop says so only after this
        norms = sum(isinstance(m, _BatchNorm) for m in model.modules())
        self._taken = fuse_conv_bn(model)
        runner.logger.info(
            f'{len(self._taken) // 2} of {norms} BatchNorms folded into '
            'convolutions for the test'
        )

    def after_test(self, runner: Runner) -> None:
        """Put the layers back."""
        unfuse(self._taken)
        self._taken = []
