"""CAMs of images at several scales and mirrored.

Shape legend: N images of one size (H, W), K_all foreground classes, K
labelled classes of an image, (h, w) feature size, (h', w') stored map size.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmseg.registry import TASK_UTILS
from torch import Tensor, nn

from projects.amr.models.bounded_images import MAX_PIXELS
from projects.amr.models.cam_methods.cam_extractor import (
    flat_views,
    parameters_frozen,
)
from projects.amr.models.cam_methods.cam_prediction import CAMPrediction
from projects.amr.models.memory import retry_in_less_memory
from projects.amr.models.plugins import AttentionModulation
from projects.amr.ops import (
    merge_flip,
    normalize_cam,
    resize_cam,
    stride_size,
)
from projects.amr.ops.cam import usable_maps
from projects.amr.ops.checks import require
from projects.amr.ops.large_images import bounded_scale


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
    Views are resized as normalised floats (bicubic, antialiased), without
    rounding to 8 bits; the mIoU of the CAMs differs by 0.15 at most.

    A labelled class is dropped where the final map is positive nowhere, or
    where a branch's map is not finite.

    Out of memory, a batch is tried again image by image and view by view,
    then on the CPU.

    With an ``extractor`` each labelled class of an image has a pass of its
    own, batched over classes and images. Scores are then still those of the
    plain pass, and only labelled classes get a map (without a weak label,
    those that the scores choose).

    Args:
        scales (Sequence[float]): Factors on the image size. Defaults to
            (1.0,).
        flip (bool): Whether mirrored views are added. Defaults to True.
        output_stride (int): Pixels per stored map value; 1 stores maps of
            the image's size. Defaults to 4.
        score_thr (float): Images without a weak label keep the classes with
            a higher score, and the best one. Defaults to 0.5.
        max_view_pixels (int, optional): A view with more pixels is made
            smaller, with a note, so that memory is bounded; None does not.
            Defaults to 4,194,304 (2048 x 2048).
        extractor (dict, optional): Config of a :class:`CAMExtractor`, what
            maps one view and class. Defaults to None: the branch's CAM.
        max_batch (int): Items (an image and class each, with one or two
            views) of one pass with an extractor; bounds the memory. Defaults
            to 8.

    Raises:
        ValueError: If scales, stride or a bound are not positive, or the
            extractor does not fit the scales.
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0,),
        flip: bool = True,
        output_stride: int = 4,
        score_thr: float = 0.5,
        max_view_pixels: int | None = MAX_PIXELS,
        extractor: dict | None = None,
        max_batch: int = 8,
    ):
        fits = max_view_pixels is None or max_view_pixels >= 1
        rule = 'positive or None'
        require(fits, 'max_view_pixels', max_view_pixels, rule)
        require(scales and min(scales) > 0, 'scales', scales, 'positive')
        fits = output_stride >= 1
        require(fits, 'output_stride', output_stride, 'at least 1')
        require(max_batch >= 1, 'max_batch', max_batch, 'at least 1')
        self.scales = tuple(scales)
        self.flip = flip
        self.output_stride = output_stride
        self.score_thr = score_thr
        self.max_view_pixels = max_view_pixels
        self.max_batch = max_batch
        self.extractor = TASK_UTILS.build(extractor) if extractor else None
        if self.extractor is not None:
            self.extractor.check_scales(self.scales)
        self._told: set[tuple] = set()

    @torch.no_grad()
    @retry_in_less_memory(
        lambda classifier, images, labels: (
            f'CAMs of {len(images)} images of (H, W) '
            f'{sorted({tuple(image.shape[-2:]) for image in images})}'
        ),
        'Lower test_dataloader.batch_size or model.test_cfg '
        '(max_view_pixels, scales, max_batch)',
    )
    def __call__(
        self,
        classifier,
        images: Sequence[Tensor],
        labels: Sequence[Tensor | None],
        in_parts: bool = False,
    ) -> list[CAMPrediction]:
        """Make the CAMs of normalised images (3, H, W) of any sizes.

        Labels are (K_all,) or None. ``in_parts`` gives each image, view and
        item a pass of its own, to save memory.

        Raises:
            MemoryExhaustedError: If no way of making them fits into memory.
        """
        # Images of one size are one batch, unless they change each other.
        alone = in_parts or mixes_images(classifier)
        groups = defaultdict(list)
        for index, image in enumerate(images):
            groups[(*image.shape[-2:], index if alone else 0)].append(index)
        results: list = [None] * len(images)
        for indices in groups.values():
            batch = torch.stack([images[i] for i in indices])
            own = [labels[i] for i in indices]
            cams, scores = self.merged_cams(classifier, batch, own, in_parts)
            for row, index in enumerate(indices):
                results[index] = self._finish(
                    classifier,
                    {name: cam[row] for name, cam in cams.items()},
                    scores[row],
                    labels[index],
                )
        return results

    def merged_cams(
        self, classifier, images: Tensor, labels: list, in_parts: bool = False
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Rectified CAMs summed over views, not yet normalised, and scores.

        Of images (N, 3, H, W): maps (N, K_all, h', w') by branch and class
        probabilities (N, K_all).
        """
        if self.extractor is None:
            return self._plain_cams(classifier, images, in_parts)
        items = 1 if in_parts else self.max_batch
        scores = torch.cat(
            [
                self._plain_cams(classifier, part, in_parts)[1]
                for part in images.split(items)
            ]
        ).float()
        with parameters_frozen(classifier), torch.enable_grad():
            merged = self._item_cams(classifier, images, scores, labels, items)
        return merged, scores

    def _plain_cams(self, classifier, images: Tensor, in_parts: bool):
        """Merge the branches' CAMs of all classes; scores beside them."""
        size = stride_size(images.shape[-2:], self.output_stride)
        branches = classifier.branches()
        merged = dict.fromkeys(branches, 0.0)
        logits = {name: [] for name in branches}
        # What mixes the views of an image gives something else without.
        single = in_parts and not mixes_images(classifier)
        for scale in self.scales:
            views = self._views(images, scale)
            parts = flat_views(views).split(1 if single else views.numel())
            for name, branch in branches.items():
                seen = [branch.view_cam(part) for part in parts]
                cam, pooled = (torch.cat(x) for x in zip(*seen, strict=True))
                logits[name].extend(pooled.chunk(len(views)))
                # A view and its mirrored twin meet at feature size; bilinear
                # resizing comes after, summing over scales last.
                cam = cam.float().relu()
                cam = merge_flip(cam) if self.flip else cam
                merged[name] = merged[name] + resize_cam(cam, size)
        return merged, class_scores(logits)

    def _item_cams(self, classifier, images, scores, labels, items: int):
        """Merge the extractor's maps; those of other classes are 0."""
        found = [
            self._classes(*pair) for pair in zip(scores, labels, strict=True)
        ]
        rows = torch.cat([torch.full_like(c, i) for i, c in enumerate(found)])
        classes = torch.cat(found)
        numbers = torch.arange(len(rows), device=rows.device)
        chunks = numbers.split(items) if len(rows) else ()
        size = stride_size(images.shape[-2:], self.output_stride)
        merged = {
            name: scores.new_zeros(*scores.shape, *size)
            for name in classifier.branches()
        }
        for index, scale in enumerate(self.scales):
            views = self._views(images, scale)
            for name, branch in classifier.branches().items():
                for chunk in chunks:
                    row, target = rows[chunk], classes[chunk]
                    cam = self.extractor(branch, views[:, row], target, index)
                    cam = resize_cam(cam.detach(), size)
                    merged[name][row, target] += cam
        return merged

    def _views(self, images: Tensor, scale: float) -> Tensor:
        """Rescaled images, mirrored ones after them: (V, N, 3, H, W)."""
        views = self._rescale(images, scale)[None]
        return torch.cat([views, views.flip(-1)]) if self.flip else views

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
            mode='bicubic',
            align_corners=False,
            antialias=True,
        )

    def _classes(self, scores: Tensor, label: Tensor | None) -> Tensor:
        """Class indices (K,) by the weak label, or by scores without one."""
        if label is None:
            label = (scores > self.score_thr) | (scores == scores.max())
        return label.to(scores.device).nonzero()[:, 0]

    def _finish(self, classifier, cams, scores, label) -> CAMPrediction:
        """Select, normalise and combine the maps of one image."""
        classes = self._classes(scores, label)
        raw = [cam[classes] for cam in cams.values()]
        # Before normalising, which makes nan a 0.
        finite = torch.stack([cam.isfinite().flatten(1).all(1) for cam in raw])
        cams = classifier.combine(
            {name: normalize_cam(cam[classes]) for name, cam in cams.items()}
        )
        usable = finite.all(0) & usable_maps(cams[classifier.final])
        # To the precision of stored records, so that a run and its records
        # have the same scores.
        return CAMPrediction(
            scores.nan_to_num(0.0, 0.0, 0.0),
            classes[usable],
            {name: cam[usable].half().float() for name, cam in cams.items()},
            tuple(classes[~usable].tolist()),
        )


def class_scores(logits: dict[str, list[Tensor]]) -> Tensor:
    """Probabilities (N, K_all): mean over branches of their mean logits'."""
    means = [torch.stack(views).mean(0) for views in logits.values()]
    return torch.stack(means).sigmoid().mean(0)


def mixes_images(classifier: nn.Module) -> bool:
    """Return whether a network's output for an image depends on its batch."""
    return any(
        isinstance(module, AttentionModulation) and module.mixes_images
        for module in classifier.modules()
    )
