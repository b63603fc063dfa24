"""CAMs of images at several scales and mirrored.

Shape legend: N images of one size (H, W), K_all foreground classes, K
labelled classes of an image, (h, w) feature size, (h', w') stored map size.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from copy import copy

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmseg.registry import TASK_UTILS
from torch import Tensor, nn

from projects.amr.models.bounded_images import MAX_PIXELS
from projects.amr.models.cam_methods.cam_prediction import CAMPrediction
from projects.amr.models.memory import (
    cpu_way,
    first_that_fits,
    join_parts,
)
from projects.amr.ops import (
    merge_flip,
    normalize_cam,
    resize_cam,
    stride_size,
)
from projects.amr.ops.bounded_size import bounded_scale
from projects.amr.ops.cam import usable_maps


@TASK_UTILS.register_module()
class MultiScaleCAM:
    """Sum the CAMs of rescaled and mirrored views on the model's device.

    Each view's CAM is rectified; a view and its mirrored twin are added at
    feature size, then resized bilinearly to the output size and summed over
    scales (released code, as in IRN). Then the labelled classes are kept,
    each map is divided by its own maximum, and the classifier fuses its
    branches (Eq. 2 of AMR). Images of one size run as one batch; images of
    another size never share one, so that no padding enters a result. Where a
    network mixes the images of a batch (the released AMM's statistics do),
    each image runs by itself.

    Released code (IRN): keeps a second set of maps for scores and seeds, made
    at 16 pixels a feature and cut off at the image's edge. Views are resized
    as 8-bit images, by PIL.
    Here: one set, resized to the image where it is scored or made into seeds.
    Views are resized as normalised floats, without rounding to 8 bits; the
    mIoU of the CAMs differs by 0.15 at most.

    A labelled class is dropped where the final map is positive nowhere, or
    where a branch's map is not finite.

    Short of memory, a batch is tried again image by image and view by view,
    then on the CPU.

    A variant overrides :meth:`view_cams`, or, where each class of an image
    needs a pass of its own, starts from :class:`ClassWiseCAM`.

    Args:
        scales (Sequence[float]): Factors on the image size. Defaults to
            (1.0,).
        flip (bool): Whether mirrored views are added. Defaults to True.
        output_stride (int): Pixels per stored map value; 1 stores maps of
            the image's size. Defaults to 4.
        interpolation (str): Of the images, ``'bicubic'`` or ``'bilinear'``,
            antialiased. Defaults to 'bicubic'.
        score_thr (float): Images without a weak label keep the classes with
            a higher score, and the best one. Defaults to 0.5.
        max_view_pixels (int, optional): A view with more pixels is made
            smaller, with a note, so that memory is bounded; None does not.
            Defaults to 4,194,304 (2048 x 2048).

    Raises:
        ValueError: If scales, stride or the bound are not positive.
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0,),
        flip: bool = True,
        output_stride: int = 4,
        interpolation: str = 'bicubic',
        score_thr: float = 0.5,
        max_view_pixels: int | None = MAX_PIXELS,
    ):
        if max_view_pixels is not None and max_view_pixels < 1:
            raise ValueError(
                '`max_view_pixels` must be positive or None, got '
                f'{max_view_pixels}'
            )
        if not scales or min(scales) <= 0:
            raise ValueError(f'`scales` must be positive, got {scales}')
        if output_stride < 1:
            raise ValueError(
                f'`output_stride` must be at least 1, got {output_stride}'
            )
        if interpolation not in ('bicubic', 'bilinear'):
            raise ValueError(
                "`interpolation` must be 'bicubic' or 'bilinear', "
                f'got {interpolation!r}'
            )
        self.scales = tuple(scales)
        self.flip = flip
        self.output_stride = output_stride
        self.interpolation = interpolation
        self.score_thr = score_thr
        self.max_view_pixels = max_view_pixels
        self.one_by_one = False
        self._told: set[tuple] = set()

    def view_cams(self, classifier, views: Tensor):
        """Maps before ReLU and logits of views (M, 3, H, W), by branch."""
        return classifier.view_cams(views)

    @torch.no_grad()
    def __call__(
        self,
        classifier,
        images: Sequence[Tensor],
        labels: Sequence[Tensor | None],
    ) -> list[CAMPrediction]:
        """Make the CAMs of a batch.

        Args:
            classifier (BaseCAMClassifier): The model.
            images (Sequence[Tensor]): Normalised images (3, H, W), sizes
                may differ.
            labels (Sequence[Tensor | None]): Weak labels (K_all,) or None.

        Returns:
            list[CAMPrediction]: In the order of ``images``.

        Raises:
            MemoryExhaustedError: If no way of making them fits into memory.
        """
        sizes = sorted({tuple(image.shape[-2:]) for image in images})
        return first_that_fits(
            [
                ('in batches', lambda: self._make(classifier, images, labels)),
                *self._frugal_ways(classifier, images, labels),
            ],
            f'CAMs of {len(images)} images of (H, W) {sizes}',
            'Lower test_dataloader.batch_size or model.test_cfg '
            '(max_view_pixels, scales; max_batch where the method has it)',
        )

    def _frugal_ways(self, classifier, images, labels) -> list:
        """The same in less memory: one by one, then on the CPU."""
        small = copy(self)
        # What mixes the views of an image gives something else without.
        small.one_by_one = not mixes_images(classifier)
        if hasattr(self, 'max_batch'):
            small.max_batch = 1

        def make(device=None):
            found = []
            for image, label in zip(images, labels, strict=True):
                moved = image if device is None else image.to(device)
                (made,) = small._make(classifier, [moved], [label])
                found.append(made.to(image.device))
            return found

        ways = [('image by image and view by view', make)]
        if isinstance(classifier, nn.Module):
            ways += cpu_way(classifier, lambda: make('cpu'))
        return ways

    def _make(self, classifier, images, labels) -> list[CAMPrediction]:
        """Make the CAMs of a batch, one size after the other."""
        groups = defaultdict(list)
        alone = mixes_images(classifier)
        for index, image in enumerate(images):
            own = (index,) if alone else ()
            groups[tuple(image.shape[-2:]) + own].append(index)
        results: list = [None] * len(images)
        for indices in groups.values():
            batch = torch.stack([images[i] for i in indices])
            cams, scores = self._merged_cams(
                classifier, batch, [labels[i] for i in indices]
            )
            for row, index in enumerate(indices):
                results[index] = self._finish(
                    classifier,
                    {name: cam[row] for name, cam in cams.items()},
                    scores[row],
                    labels[index],
                )
        return results

    def _merged_cams(self, classifier, images: Tensor, labels=None):
        """Sum rectified CAMs over views: (N, K_all, h', w') by branch.

        Here for all classes, whatever the weak labels (a list) are.
        """
        size = stride_size(images.shape[-2:], self.output_stride)
        merged: dict[str, Tensor] = {}
        logits = defaultdict(list)
        for scale in self.scales:
            views = self._rescale(images, scale)
            if self.flip:
                views = torch.cat([views, views.flip(-1)])
            cams, pooled = self._all_views(
                classifier, channels_last_on_cpu(views)
            )
            for name, cam in cams.items():
                logits[name].extend(pooled[name].chunk(1 + self.flip))
                cam = cam.float().relu()
                cam = resize_cam(merge_flip(cam) if self.flip else cam, size)
                merged[name] = merged[name] + cam if name in merged else cam
        means = {name: torch.stack(x).mean(0) for name, x in logits.items()}
        return merged, classifier.fuse_scores(means)

    def _all_views(self, classifier, views: Tensor):
        """Maps and logits of views, at once or, to save memory, one by one."""
        if not self.one_by_one:
            return self.view_cams(classifier, views)
        return join_parts(
            [self.view_cams(classifier, view) for view in views.split(1)]
        )

    def _rescale(self, images: Tensor, scale: float) -> Tensor:
        """Resize (N, 3, H, W) by a factor, to at least one pixel."""
        size = tuple(images.shape[-2:])
        wanted = scale
        scale = bounded_scale(size, scale, self.max_view_pixels)
        if scale != wanted and (size, wanted) not in self._told:
            self._told.add((size, wanted))
            print_log(
                f'image of (H, W) {size}: scale {wanted:g} is lowered to '
                f'{scale:.3g}, since max_view_pixels is '
                f'{self.max_view_pixels:,}',
                'current',
                logging.WARNING,
            )
        if scale == 1:
            return images
        size = [max(round(length * scale), 1) for length in images.shape[-2:]]
        return F.interpolate(
            images,
            size=size,
            mode=self.interpolation,
            align_corners=False,
            antialias=True,
        )

    def _classes(self, scores: Tensor, label: Tensor | None) -> Tensor:
        """Class indices (K,) by the weak label, or by scores without one."""
        if label is None:
            label = (scores > self.score_thr) | (scores == scores.max())
        return label.to(scores.device).nonzero()[:, 0]

    def _finish(self, classifier, cams, scores, label) -> CAMPrediction:
        """Select, normalise and fuse the maps of one image."""
        classes = self._classes(scores, label)
        raw = [cam[classes] for cam in cams.values()]
        finite = torch.stack([cam.isfinite().flatten(1).all(1) for cam in raw])
        cams = classifier.fuse_cams(
            {name: normalize_cam(cam[classes]) for name, cam in cams.items()}
        )
        final = cams[getattr(classifier, 'final', next(reversed(cams)))]
        usable = finite.all(0) & usable_maps(final)
        # To the precision of stored records, so that a run and its records
        # have the same scores.
        return CAMPrediction(
            scores.nan_to_num(0.0, 0.0, 0.0),
            classes[usable],
            {name: cam[usable].half().float() for name, cam in cams.items()},
            tuple(classes[~usable].tolist()),
        )


def channels_last_on_cpu(views: Tensor) -> Tensor:
    """Lay views out as a CPU's convolutions read them fastest.

    Feature maps follow their input. Values change by rounding only. On
    another device views stay as they are: there see
    :class:`ChannelsLastHook`.

    Args:
        views (Tensor): Shape (M, 3, H, W).

    Returns:
        Tensor: The same values, on a CPU channels last in memory.
    """
    if views.device.type != 'cpu':
        return views
    return views.contiguous(memory_format=torch.channels_last)


def mixes_images(classifier) -> bool:
    """Whether a network's output for an image depends on its batch."""
    if not isinstance(classifier, nn.Module):
        return False
    return any(getattr(m, 'mixes_images', False) for m in classifier.modules())
