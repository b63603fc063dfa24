"""CAM methods that treat each class of an image by itself.

Shape legend: N images of one size, M items (one labelled class of one image
each), V views of an item (the image, or the image and its mirrored copy), K
foreground classes, (H, W) image size, (h, w) feature size.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from projects.amr.models.cam_methods.multi_scale_cam import (
    MultiScaleCAM,
    channels_last_on_cpu,
)
from projects.amr.ops import resize_cam, stride_size


class ClassWiseCAM(MultiScaleCAM):
    """Template: maps of items, batched over classes and images.

    A subclass overrides :meth:`item_cams`, which gets items of several
    images and classes as one batch, with gradients on and the parameters
    frozen: gradients reach images and features, and no parameter is left
    with one. Scales, flips, branches, chunks, unlabelled images and
    normalisation are those of this class and of :class:`MultiScaleCAM`.

    The scores are those of the plain multi-scale pass. Only labelled classes
    get a map (without a weak label, those that the scores choose).

    Args:
        max_batch (int): Items of one pass through the network, each with
            one or two views; bounds the memory. Defaults to 8.
        **kwargs: See :class:`MultiScaleCAM`.

    Raises:
        ValueError: If ``max_batch`` is not positive.

    Example:
        A method of one's own, registered and then chosen by ``test_cfg =
        dict(type='SquaredCAM')``:

        >>> from mmseg.registry import TASK_UTILS
        >>> from projects.amr.ops import merge_views, select_class
        >>> @TASK_UTILS.register_module(force=True)
        ... class SquaredCAM(ClassWiseCAM):
        ...     def item_cams(self, branch, views, classes, scale_index):
        ...         cam = self.branch_cam(branch, views)
        ...         return merge_views(select_class(cam, classes)) ** 2
        >>> SquaredCAM(scales=(0.5, 1.0), max_batch=4).flip
        True
    """

    def __init__(self, max_batch: int = 8, **kwargs):
        super().__init__(**kwargs)
        if max_batch < 1:
            raise ValueError(
                f'`max_batch` must be at least 1, got {max_batch}'
            )
        self.max_batch = max_batch

    @abstractmethod
    def item_cams(
        self, branch, views: Tensor, classes: Tensor, scale_index: int
    ) -> Tensor:
        """Maps of items at one scale.

        Args:
            branch (BaseCAMClassifier): Classifier of one CAM.
            views (Tensor): Shape (V, M, 3, H, W), normalised; V is 2 with
                ``flip``, the mirrored copy last.
            classes (Tensor): Shape (M,), the class of each item.
            scale_index (int): Which of ``scales`` this is.

        Returns:
            Tensor: Shape (M, h, w) of any size, >= 0, the views merged.
        """

    @staticmethod
    def branch_cam(branch, views: Tensor) -> Tensor:
        """Unrectified CAMs (V, M, K, h, w) of views (V, M, 3, H, W)."""
        cams = branch.branch_cams(flat_views(views))
        cam = next(iter(cams.values())).float()
        return cam.unflatten(0, views.shape[:2])

    def _merged_cams(self, classifier, images: Tensor, labels=None):
        """Sum the items' maps over scales; other classes' maps are 0."""
        scores = self._plain_scores(classifier, images)
        found = [
            self._classes(*pair)
            for pair in zip(
                scores, labels or [None] * len(images), strict=True
            )
        ]
        rows = torch.cat([torch.full_like(c, i) for i, c in enumerate(found)])
        classes = torch.cat(found)
        size = stride_size(images.shape[-2:], self.output_stride)
        merged = {
            name: scores.new_zeros(*scores.shape, *size)
            for name in classifier.branches()
        }
        with parameters_frozen(classifier), torch.enable_grad():
            for index, scale in enumerate(self.scales):
                views = self._rescale(images, scale)[None]
                if self.flip:
                    views = torch.cat([views, views.flip(-1)])
                for name, branch in classifier.branches().items():
                    maps = self._chunked(branch, views, rows, classes, index)
                    for chunk, cam in maps:
                        cam = resize_cam(cam.detach(), size)
                        merged[name][rows[chunk], classes[chunk]] += cam
        return merged, scores

    def _plain_scores(self, classifier, images: Tensor) -> Tensor:
        """Class probabilities (N, K) of the plain multi-scale pass."""
        parts = [
            MultiScaleCAM._merged_cams(self, classifier, part)[1]
            for part in images.split(self.max_batch)
        ]
        return torch.cat(parts).float()

    def _chunked(
        self, branch, views, rows, classes, index
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Item numbers and maps, ``max_batch`` items at a time."""
        numbers = torch.arange(len(rows), device=rows.device)
        for chunk in numbers.split(self.max_batch) if len(rows) else ():
            own = views[:, rows[chunk]]
            yield chunk, self.item_cams(branch, own, classes[chunk], index)


def flat_views(views: Tensor) -> Tensor:
    """Turn views (V, M, 3, H, W) into a batch (V M, 3, H, W)."""
    return channels_last_on_cpu(views.flatten(0, 1))


@contextmanager
def parameters_frozen(module: nn.Module) -> Iterator[None]:
    """Let no parameter ask for a gradient inside the block.

    Args:
        module (nn.Module): The model; its parameters' flags are restored.
    """
    changed = [p for p in module.parameters() if p.requires_grad]
    for parameter in changed:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in changed:
            parameter.requires_grad_(True)
