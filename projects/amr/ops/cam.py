"""Class activation maps: pooling, normalising, weighting, erasing, labels.

Shape legend: N images, K foreground classes, (h, w) feature or map size,
(H, W) image size in pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from projects.amr.ops.precision import at_least_float32
from projects.amr.structures.label_space import class_to_label


def pool_logits(cam: Tensor) -> Tensor:
    """Logits (N, K), at least float32: mean of the CAM (N, K, h, w), Eq. 1.

    The CAM is unrectified. Since it is linear in the features, this equals the
    classifier on globally averaged features.
    """
    return at_least_float32(cam).mean((-2, -1))


def attend_peaks(features: Tensor, scale: float) -> Tensor:
    r"""Weigh positions by their own activation: BES's attention pooling.

    Per channel, :math:`f \cdot hw \cdot \mathrm{softmax}(s f)`, with a
    softmax over positions that carries no gradient. The spatial mean of the
    result is the attention-weighted mean of the features (N, C, h, w). The
    scale s is at least 0; 0 changes nothing, the released code has 1e-3.
    """
    flat = at_least_float32(features.detach()).flatten(2)
    weights = (flat * scale).softmax(2) * flat.shape[2]
    return features * weights.view(features.shape).to(features.dtype)


def resize_cam(cam: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps (..., K, h, w) bilinearly, corners not aligned."""
    if cam.numel() == 0:
        return cam.new_zeros(*cam.shape[:-2], *size)
    if tuple(cam.shape[-2:]) == tuple(size):
        return cam
    batched = cam if cam.ndim == 4 else cam[None]
    out = F.interpolate(
        batched, size=size, mode='bilinear', align_corners=False
    )
    return out if cam.ndim == 4 else out[0]


def enlarge_and_cut(cam: Tensor, factor: int, size: tuple[int, int]) -> Tensor:
    """Enlarge maps by a whole factor and cut off what is past the image.

    Maps that do not cover the image, since it went through the network at a
    smaller size, are resized to it.

    Released code (IRNet): brings maps of stride 4 to the image's size so, by
    4. Where the factor divides both sides this is :func:`resize_cam`.

    Example:
        >>> enlarge_and_cut(torch.tensor([[[0.0, 1.0]]]), 2, (1, 3)).tolist()
        [[[0.0, 0.25, 0.75]]]
    """
    full = tuple(side * factor for side in cam.shape[-2:])
    if full[0] < size[0] or full[1] < size[1]:
        return resize_cam(cam, size)
    return resize_cam(cam, full)[..., : size[0], : size[1]]


def normalize_cam(cam: Tensor) -> Tensor:
    """Rectify maps (..., h, w) and divide each by its own maximum.

    They are in [0, 1], at least float32; the maximum of a map is 1, or the
    map is 0 everywhere where nothing in it is positive or something is NaN or
    infinite.
    """
    cam = at_least_float32(cam).relu()
    peak = cam.amax((-2, -1), keepdim=True)
    usable = (peak > 0) & peak.isfinite()
    return torch.where(usable, cam / peak.where(usable, 1.0), 0.0)


def stretch_cam(cam: Tensor, eps: float = 1e-5) -> Tensor:
    """Rectify maps (..., h, w) and stretch each from minimum to maximum.

    They are in [0, 1]; spans of at most ``eps`` count as 0.

    Released code (SEAM, MCTformer, CLIP-ES): this is their normalisation,
    where others divide by the maximum. The two differ behind pixel
    correlation or attention, whose maps hardly fall to 0 anywhere.
    """
    cam = cam.relu()
    low = cam.amin((-2, -1), keepdim=True)
    span = cam.amax((-2, -1), keepdim=True) - low
    return torch.where(span > eps, (cam - low) / span.clamp_min(eps), 0.0)


def share_peak(cam: Tensor) -> Tensor:
    """Divide maps (K, h, w), at least 0, by the greatest value of all.

    0 everywhere where nothing is positive; K may be 0.

    Example:
        >>> share_peak(torch.tensor([[[2.0, 1.0]], [[0.5, 0.0]]])).tolist()
        [[[1.0, 0.5]], [[0.25, 0.0]]]
    """
    peak = cam.max() if cam.numel() else 0.0
    return cam / peak if peak > 0 else cam


def usable_maps(cam: Tensor) -> Tensor:
    """Which maps (K, h, w) are finite and positive somewhere: bool (K,)."""
    peak = cam.amax((-2, -1))
    return (peak > 0) & cam.isfinite().all(-1).all(-1)


def weighted_cam(spotlight: Tensor, compensation: Tensor, xi: float) -> Tensor:
    """Weighted CAM, Eq. 2: ``xi * spotlight + (1 - xi) * compensation``."""
    return xi * spotlight + (1 - xi) * compensation


def erase_peaks(
    images: Tensor, cam: Tensor, labels: Tensor, thr: float
) -> Tensor:
    """Set pixels to 0 where a labelled class's CAM is above ``thr``.

    Images (N, 3, H, W) are normalised, so that 0 is the mean of the data; the
    CAM (N, K, h, w) is unrectified and divided by its maximum, no gradient
    passes.

    Beyond the paper of AMR: the idea is that of adversarial erasing (Wei et
    al., CVPR 2017), where it is done in rounds; here the map is that of the
    current step.
    """
    found = normalize_cam(cam.detach()) * labels[..., None, None]
    peak = resize_cam(found, images.shape[-2:]).amax(1, keepdim=True)
    return images * (peak <= thr)


def merge_flip(cam: Tensor) -> Tensor:
    """Add maps of mirrored images: (2 N, K, h, w) -> (N, K, h, w).

    Images come first, then their mirrored copies in the same order.
    """
    plain, mirrored = cam.chunk(2)
    return plain + mirrored.flip(-1)


def stride_size(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Size of a map with one value per ``stride`` pixels, rounded up.

    Example:
        >>> stride_size((281, 500), 4)
        (71, 125)
    """
    return -(-size[0] // stride), -(-size[1] // stride)


def cam_scores(
    cam: Tensor, classes: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Best foreground score of each pixel (H, W), and its label from 1.

    Maps (K, h, w) are in [0, 1]; both are 0 everywhere when K is 0.
    """
    if len(classes) == 0:
        zeros = cam.new_zeros(size)
        return zeros, zeros.long()
    scores, winner = resize_cam(cam, size).max(0)
    return scores, class_to_label(classes.to(winner))[winner]


def cam_to_label(
    cam: Tensor, classes: Tensor, size: tuple[int, int], bg_thr: float
) -> Tensor:
    """Labels (H, W) of maps (K, h, w): the best class above ``bg_thr``, or 0.

    Example:
        >>> cam = torch.tensor([[[0.1, 0.6]], [[0.2, 0.3]]])
        >>> cam_to_label(cam, torch.tensor([4, 7]), (1, 2), 0.15).tolist()
        [[8, 5]]
    """
    scores, labels = cam_scores(cam, classes, size)
    return torch.where(scores > bg_thr, labels, 0)
