"""CAMs from features and their gradients: Grad-CAM and its kin.

Shape legend: B maps (views of items), C channels, (h, w) feature size.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from mmseg.registry import TASK_UTILS
from torch import Tensor, nn

from projects.amr.models.cam_methods.class_wise_cam import ClassWiseCAM
from projects.amr.ops import merge_views, pool_logits, select_class
from projects.amr.ops.precision import gradient_through


class GradientCAM(ClassWiseCAM):
    """Template: a map from one layer's features and their gradient.

    A subclass overrides :meth:`combine`. The gradient is that of the class's
    logit, the mean of its CAM. On the features that a linear head pools,
    plain CAM, Grad-CAM and HiRes-CAM coincide up to the factor 1 / (h w);
    on others, and under other rules, they do not.

    Args:
        layer (str): Dotted name of a module in each branch, such as
            ``'backbone.layer3'``; of several outputs, the last is taken.
            Defaults to 'backbone'.
        max_batch (int): Items of one pass, see :class:`ClassWiseCAM`.
            Defaults to 8.
        **kwargs: See :class:`MultiScaleCAM`.

    Example:
        A method of one's own, registered and then chosen by ``test_cfg =
        dict(type='GradTimesInput', layer='backbone.layer3')``:

        >>> @TASK_UTILS.register_module(force=True)
        ... class GradTimesInput(GradientCAM):
        ...     def combine(self, features, gradients):
        ...         return (features * gradients).abs().sum(1)
        >>> GradTimesInput(scales=(1.0,)).layer
        'backbone'
    """

    def __init__(self, layer: str = 'backbone', max_batch: int = 8, **kwargs):
        super().__init__(max_batch=max_batch, **kwargs)
        self.layer = layer

    @abstractmethod
    def combine(self, features: Tensor, gradients: Tensor) -> Tensor:
        """Map of each view.

        Args:
            features (Tensor): Shape (B, C, h, w).
            gradients (Tensor): Same shape, of the class's logit.

        Returns:
            Tensor: Shape (B, h, w), real; it is rectified afterwards.
        """

    def item_cams(self, branch, views, classes, scale_index):
        """Merged maps of items, see :class:`ClassWiseCAM`."""
        with captured_features(branch.get_submodule(self.layer)) as outputs:
            cam = self.branch_cam(branch, views)
        features = outputs[-1]
        logits = pool_logits(select_class(cam, classes))
        gradients = gradient_through(logits, cam, features)
        maps = self.combine(features.detach().float(), gradients.float())
        return merge_views(maps.unflatten(0, views.shape[:2]))


@TASK_UTILS.register_module()
class GradCAM(GradientCAM):
    """Channels weighted by their mean gradient (Selvaraju et al., 2017)."""

    def combine(self, features, gradients):
        """Weighted sum of channels, see :class:`GradientCAM`."""
        return (gradients.mean((2, 3), keepdim=True) * features).sum(1)


@TASK_UTILS.register_module()
class HiResCAM(GradientCAM):
    """Gradient times feature, value by value (Draelos et al., 2020)."""

    def combine(self, features, gradients):
        """Sum of products over channels, see :class:`GradientCAM`."""
        return (gradients * features).sum(1)


@TASK_UTILS.register_module()
class LayerCAM(GradientCAM):
    """Positive gradient times feature (Jiang et al., TIP 2021)."""

    def combine(self, features, gradients):
        """Sum of rectified products, see :class:`GradientCAM`."""
        return (gradients.relu() * features).sum(1)


@contextmanager
def captured_features(module: nn.Module) -> Iterator[list[Tensor]]:
    """Cut the graph at a module's output and keep the output.

    Inside the block the output is a leaf that asks for a gradient; nothing
    below it is kept for a backward pass.

    Args:
        module (nn.Module): Any module that returns a map or several.

    Yields:
        list[Tensor]: Grows by one map with each call of the module.
    """
    kept: list[Tensor] = []

    def cut(_module, _inputs, output):
        several = isinstance(output, (tuple, list))
        last = output[-1] if several else output
        kept.append(last.detach().requires_grad_())
        return (*output[:-1], kept[-1]) if several else kept[-1]

    handle = module.register_forward_hook(cut)
    try:
        yield kept
    finally:
        handle.remove()
