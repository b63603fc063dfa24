"""CAMs that depend on which classes an image is labelled with.

Shape legend: N images of one size, K foreground classes, (h', w') stored map
size.
"""

import torch
from mmseg.registry import TASK_UTILS
from torch import Tensor

from projects.amr.models.cam_methods.cam_extractor import parameters_frozen
from projects.amr.models.cam_methods.multi_scale_cam import MultiScaleCAM
from projects.amr.ops import resize_cam, stride_size


@TASK_UTILS.register_module()
class SoftmaxGradCAM(MultiScaleCAM):
    """The method of a :class:`CLIPClassifier`; other ones have no softmax.

    Scores are those of the first scale. Images without a weak label take
    the classes that these choose.

    Args:
        **kwargs: Of :class:`MultiScaleCAM`, without ``extractor``.

    Raises:
        ValueError: If there is an ``extractor``.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if self.extractor is not None:
            raise ValueError('SoftmaxGradCAM takes no `extractor`')

    def merged_cams(self, classifier, images, labels, in_parts=False):
        """Maps (N, K, h', w') and scores (N, K), see the base class."""
        count = 1 if in_parts else len(images)
        made = [
            self._of_part(
                classifier, images[i : i + count], labels[i : i + count]
            )
            for i in range(0, len(images), count)
        ]
        cams, scores = (torch.cat(parts) for parts in zip(*made, strict=True))
        return {classifier.final: cams}, scores

    def _of_part(self, classifier, images: Tensor, labels: list):
        """Maps and scores of images that run together."""
        size = stride_size(images.shape[-2:], self.output_stride)
        merged, scores, labelled = 0.0, None, None
        with parameters_frozen(classifier):
            for scale in self.scales:
                views = self._views(images, scale)
                encoded = [classifier.encode(view) for view in views]
                if scores is None:
                    scores = class_probabilities(encoded, classifier)
                    labelled = self._labelled(scores, labels)
                cam, *mirrored = (
                    classifier.label_cams(view, labelled) for view in encoded
                )
                for other in mirrored:
                    cam = cam + other.flip(-1)
                merged = merged + resize_cam(cam, size)
        return merged, scores

    def _labelled(self, scores: Tensor, labels: list) -> Tensor:
        """Which classes (N, K) get a map, by labels or else by scores."""
        labelled = torch.zeros_like(scores, dtype=torch.bool)
        for row, pair in enumerate(zip(scores, labels, strict=True)):
            labelled[row, self._classes(*pair)] = True
        return labelled


def class_probabilities(encoded: list, classifier) -> Tensor:
    """Mean over views of the softmax over all texts: of classes, (N, K)."""
    views = [view.logits.detach().softmax(1) for view in encoded]
    return torch.stack(views).mean(0)[:, : classifier.num_classes]
