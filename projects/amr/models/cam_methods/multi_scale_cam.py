"""CAMs of images at several scales and mirrored.

Shape legend: N images of one size (H, W), K_all foreground classes, K
labelled classes of an image, (h, w) feature size, (h', w') stored map size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmseg.registry import TASK_UTILS
from torch import Tensor

from projects.amr.ops import (
    merge_flip,
    normalize_cam,
    resize_cam,
    stride_size,
)


@dataclass
class CAMPrediction:
    """CAMs and scores of one image.

    Args:
        scores (Tensor): Shape (K_all,), class probabilities in [0, 1].
        classes (Tensor): Shape (K,), class indices whose CAMs are kept.
        cams (dict[str, Tensor]): By branch, shape (K, h', w'), in [0, 1].
    """

    scores: Tensor
    classes: Tensor
    cams: dict[str, Tensor]


@TASK_UTILS.register_module()
class MultiScaleCAM:
    """Sum the CAMs of rescaled and mirrored views on the model's device.

    Each view's CAM is rectified; a view and its mirrored twin are added at
    feature size, then resized bilinearly to the output size and summed over
    scales (released code, as in IRN). Then the labelled classes are kept,
    each map is divided by its own maximum, and the classifier fuses its
    branches (Eq. 2 of AMR). Images of one size run as one batch; images of
    another size never share one, so that no padding enters a result.

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

    Raises:
        ValueError: If scales or stride are not positive.
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0,),
        flip: bool = True,
        output_stride: int = 4,
        interpolation: str = 'bicubic',
        score_thr: float = 0.5,
    ):
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
        """
        groups = defaultdict(list)
        for index, image in enumerate(images):
            groups[tuple(image.shape[-2:])].append(index)
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
            cams, pooled = self.view_cams(classifier, views)
            for name, cam in cams.items():
                logits[name].extend(pooled[name].chunk(1 + self.flip))
                cam = cam.float().relu()
                cam = resize_cam(merge_flip(cam) if self.flip else cam, size)
                merged[name] = merged[name] + cam if name in merged else cam
        means = {name: torch.stack(x).mean(0) for name, x in logits.items()}
        return merged, classifier.fuse_scores(means)

    def _rescale(self, images: Tensor, scale: float) -> Tensor:
        """Resize (N, 3, H, W) by a factor, to at least one pixel."""
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
        cams = {
            name: normalize_cam(cam[classes]) for name, cam in cams.items()
        }
        # To the precision of stored records, so that a run and its records
        # have the same scores.
        return CAMPrediction(
            scores,
            classes,
            {
                name: cam.half().float()
                for name, cam in classifier.fuse_cams(cams).items()
            },
        )
