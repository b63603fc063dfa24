"""Maps of one view and one class: the part of a CAM method that varies.

Shape legend: M items (one labelled class of one image each), V views of an
item (the image, or the image and its mirrored copy), K foreground classes,
(H, W) size of the view, (h, w) feature size.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class CAMExtractor(ABC):
    """Base of what :class:`MultiScaleCAM` takes as its ``extractor``.

    An extractor gets items of several images and classes as one batch, with
    gradients on and the parameters frozen: gradients reach images and
    features, and no parameter is left with one. Scales, flips, branches,
    chunks, unlabelled images and normalisation are those of
    :class:`MultiScaleCAM`.

    Example:
        An extractor of one's own, registered and then chosen by ``test_cfg =
        dict(extractor=dict(type='SquaredCAM'))``:

        >>> from mmseg.registry import TASK_UTILS
        >>> from projects.amr.ops import merge_views, select_class
        >>> @TASK_UTILS.register_module(force=True)
        ... class SquaredCAM(CAMExtractor):
        ...     def __call__(self, branch, views, classes, scale_index):
        ...         cam = self.branch_cam(branch, views)
        ...         return merge_views(select_class(cam, classes)) ** 2
        >>> isinstance(SquaredCAM(), CAMExtractor)
        True
    """

    def check_scales(self, scales: Sequence[float]) -> None:  # noqa: B027
        """Refuse settings that do not fit the scales: none here.

        Raises:
            ValueError: If a setting has another length.
        """

    @abstractmethod
    def __call__(
        self, branch, views: Tensor, classes: Tensor, scale_index: int
    ) -> Tensor:
        """Maps of items at one scale.

        Args:
            branch (CAMClassifier): Classifier of one CAM.
            views (Tensor): Shape (V, M, 3, H, W), normalised; V is 2 with
                ``flip``, the mirrored copy last.
            classes (Tensor): Shape (M,), the class of each item.
            scale_index (int): Index of the scale.

        Returns:
            Tensor: Shape (M, h, w) of any size, >= 0, the views merged.
        """

    @staticmethod
    def branch_cam(branch, views: Tensor) -> Tensor:
        """Unrectified CAMs (V, M, K, h, w) of views (V, M, 3, H, W)."""
        cam = branch.forward_cam(flat_views(views)).float()
        return cam.unflatten(0, views.shape[:2])


def flat_views(views: Tensor) -> Tensor:
    """Turn views (V, M, 3, H, W) into a batch (V M, 3, H, W)."""
    return channels_last_on_cpu(views.flatten(0, 1))


def channels_last_on_cpu(views: Tensor) -> Tensor:
    """Lay views out as a CPU's convolutions read them fastest.

    Feature maps follow their input. Values change by rounding only. On
    another device views stay as they are: there see
    :class:`ChannelsLastHook`.
    """
    if views.device.type != 'cpu':
        return views
    return views.contiguous(memory_format=torch.channels_last)


@contextmanager
def parameters_frozen(module: nn.Module) -> Iterator[None]:
    """Let no parameter ask for a gradient inside the block."""
    changed = [p for p in module.parameters() if p.requires_grad]
    for parameter in changed:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in changed:
            parameter.requires_grad_(True)
