"""Online attention accumulation: the maximum of a CAM over a training.

OAA (ICCV 2019): attention wanders over an object while a classifier learns,
so the maximum over its states covers more of it than the last state.

Shape legend: K labelled classes of one image, (h, w) size of its maps.
"""

import torch
from torch import Tensor

from projects.amr.ops.cam import normalize_cam, resize_cam


def seen_classes(scores: Tensor, classes: Tensor) -> Tensor:
    """Which of an image's classes (K,) a classifier of C scores sees now.

    Those among the K best, as OAA has it. What it does not see yet would
    leave noise in the accumulated maps.

    Example:
        >>> seen_classes(torch.tensor([2.0, 0.5, 1.0]), torch.tensor([0, 1]))
        tensor([ True, False])
    """
    best = scores.topk(len(classes)).indices
    return torch.isin(classes, best)


def accumulate_cam(
    accumulated: Tensor | None, cam: Tensor, seen: Tensor | None = None
) -> Tensor:
    """Take the maximum of what was accumulated and of a new CAM.

    ``accumulated`` (K, h, w) is in [0, 1], None at the first time; ``cam`` (K,
    h', w') is that of the whole image before normalisation. Classes not
    ``seen`` (K,) stay as they are.

    Idempotent, and independent of the order of the CAMs: what was killed
    half-way may be repeated.

    Released code: images of one size.
    Here: a map of another size is resized to the first one's.

    Raises:
        ValueError: If the numbers of classes differ.

    Example:
        >>> first = accumulate_cam(None, torch.tensor([[[2.0, 1.0]]]))
        >>> accumulate_cam(first, torch.tensor([[[1.0, 4.0]]]))
        tensor([[[1., 1.]]])
    """
    if accumulated is not None and len(accumulated) != len(cam):
        raise ValueError(
            f'`accumulated` has {len(accumulated)} classes, `cam` {len(cam)}'
        )
    new = normalize_cam(cam)
    if seen is not None:
        new = new * seen.to(new)[:, None, None]
    if accumulated is None:
        return new
    new = resize_cam(new, accumulated.shape[1:]).clamp(max=1)  # rounding
    return torch.maximum(accumulated, new)
