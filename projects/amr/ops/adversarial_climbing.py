"""Step arithmetic of AdvCAM (Lee, Kim and Yoon, CVPR 2021).

AdvCAM moves an image so that one class gains and no other does, and adds up
the CAMs on the way: what the class does not need at first comes to light.

Shape legend: M items (one class of one image each), V views of an item (the
image, or the image and its mirrored copy), K foreground classes, (H, W) image
size, (h, w) feature size.
"""

import torch
from torch import Tensor

from projects.amr.ops.cam import normalize_cam, pool_logits

REDUCTIONS = ('mean', 'sum')


def select_class(cam: Tensor, classes: Tensor) -> Tensor:
    """Each item's map of its own class.

    Args:
        cam (Tensor): Shape (V, M, K, h, w).
        classes (Tensor): Shape (M,), class indices in 0..K-1.

    Returns:
        Tensor: Shape (V, M, h, w).
    """
    return cam[:, torch.arange(len(classes), device=cam.device), classes]


def merge_views(maps: Tensor) -> Tensor:
    """Add an item's rectified maps; a second view is mirrored back.

    Args:
        maps (Tensor): Shape (V, M, h, w) with V of 1 or 2, real.

    Returns:
        Tensor: Shape (M, h, w), >= 0.

    Example:
        >>> maps = torch.tensor([[[[1.0, -2.0]]], [[[3.0, 4.0]]]])
        >>> merge_views(maps)
        tensor([[[5., 3.]]])
    """
    plain, *mirrored = maps.relu()
    return plain + mirrored[0].flip(-1) if mirrored else plain


def class_margin(logits: Tensor, classes: Tensor) -> Tensor:
    """Target logit minus all other logits, summed over views.

    Args:
        logits (Tensor): Shape (V, M, K), real.
        classes (Tensor): Shape (M,), the targets.

    Returns:
        Tensor: Shape (M,), real.

    Example:
        >>> class_margin(torch.tensor([[[5.0, 1.0, 2.0]]]), torch.tensor([0]))
        tensor([2.])
    """
    target = logits.gather(2, classes.expand(len(logits), -1)[..., None])
    return (2 * target[..., 0] - logits.sum(2)).sum(0)


def discriminative_change(
    cam: Tensor, initial: Tensor, thr: float, reduction: str = 'mean'
) -> Tensor:
    """L_AD: how far the map has moved where it is high.

    ``|cam - initial|`` where the map over its maximum is above ``thr``: the
    parts that already tell the class are held, so that the climb goes
    elsewhere.

    Args:
        cam (Tensor): Shape (M, h, w), >= 0, of the climbing images.
        initial (Tensor): Same shape, of the images they started from.
        thr (float): In [0, 1]; 1 holds nothing.
        reduction (str): Over positions, ``'sum'`` or ``'mean'``. The sum
            over the Grad-CAM of a pooled logit, which is the CAM divided by
            the number of positions, is the ``'mean'`` over the CAM.

    Returns:
        Tensor: Shape (M,), >= 0.

    Example:
        >>> now = torch.tensor([[[4.0, 1.0]]])
        >>> discriminative_change(now, torch.zeros(1, 1, 2), 0.5, 'sum')
        tensor([4.])
    """
    held = normalize_cam(cam.detach()) > thr
    change = ((cam - initial).abs() * held).sum((-2, -1))
    return change / held[0].numel() if reduction == 'mean' else change


def climbing_objective(
    cam: Tensor,
    initial: Tensor,
    classes: Tensor,
    ad_weight: float = 7.0,
    ad_thr: float = 0.5,
    reduction: str = 'mean',
    rectify_logits: bool = False,
) -> Tensor:
    """What the climb raises: the class margin less the weighted L_AD.

    Args:
        cam (Tensor): Shape (V, M, K, h, w), unrectified CAMs of the views.
        initial (Tensor): Shape (M, h, w), merged target maps before the
            first step.
        classes (Tensor): Shape (M,), the targets.
        ad_weight (float): Weight of L_AD. Defaults to 7.
        ad_thr (float): Threshold of L_AD's mask. Defaults to 0.5.
        reduction (str): See :func:`discriminative_change`. Defaults to
            'mean'.
        rectify_logits (bool): Whether logits are means of rectified CAMs
            (released code) and not of the CAMs themselves. Defaults to
            False.

    Returns:
        Tensor: Shape (M,), real. The items are independent of each other.
    """
    logits = pool_logits(cam.relu() if rectify_logits else cam)
    merged = merge_views(select_class(cam, classes))
    change = discriminative_change(merged, initial, ad_thr, reduction)
    return class_margin(logits, classes) - ad_weight * change


def value_range(views: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest value of each item.

    Args:
        views (Tensor): Shape (V, M, 3, H, W).

    Returns:
        tuple[Tensor, Tensor]: Each of shape (1, M, 1, 1, 1).
    """
    dims = (0, 2, 3, 4)
    return views.amin(dims, keepdim=True), views.amax(dims, keepdim=True)


def climb_step(
    views: Tensor,
    gradient: Tensor,
    low: Tensor,
    high: Tensor,
    step_size: float = 0.08,
) -> Tensor:
    """Move each item along its gradient, the largest change being the step.

    Args:
        views (Tensor): Shape (V, M, 3, H, W), normalised images.
        gradient (Tensor): Same shape, of the objective.
        low (Tensor): Shape (1, M, 1, 1, 1), smallest value allowed.
        high (Tensor): Same shape, largest value allowed.
        step_size (float): Largest change of a value, in units of the
            normalised image. Defaults to 0.08.

    Returns:
        Tensor: Shape (V, M, 3, H, W); an item whose gradient is 0 stays.
    """
    largest = gradient.abs().amax((0, 2, 3, 4), keepdim=True)
    moved = views + step_size * gradient / largest.clamp_min(1e-30)
    return moved.clamp(low, high)
