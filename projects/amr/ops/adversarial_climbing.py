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

REDUCTIONS = ('mean', 'sum', 'positive')


def select_class(cam: Tensor, classes: Tensor) -> Tensor:
    """Maps (V, M, h, w) of classes (M,) in CAMs (V, M, K, h, w)."""
    return cam[:, torch.arange(len(classes), device=cam.device), classes]


def merge_views(maps: Tensor) -> Tensor:
    """Add rectified maps (V, M, h, w); a second view is mirrored back."""
    plain, *mirrored = maps.relu()
    return plain + mirrored[0].flip(-1) if mirrored else plain


def positive_grad_cam(maps: Tensor, num_positive: Tensor) -> Tensor:
    r"""Grad-CAM of the released code, whose weights skip what is not positive.

    ``maps`` are unrectified CAMs (V, M, h, w) of the items' classes;
    ``num_positive`` (M,), at least 1, are the positive weights n of those.

    The score is the sum of the rectified CAM, so its gradient is the
    classifier's weight w at each of the P_v positions of view v where the
    CAM is positive, and 0 elsewhere. A channel's weight is the gradient's sum
    over a view, divided by the number of positive entries of the whole
    gradient (all views, channels and positions):

    .. math::
        \frac{w P_v}{n \sum_u P_u}, \quad n = |\{w > 0\}|.

    So the map is the CAM times P_v / (n sum P), about the CAM / (2 n) for an
    image and its mirrored copy, whatever the size of the map.

    Example:
        >>> maps = torch.tensor([[[[4.0, -1.0]]], [[[4.0, 4.0]]]])
        >>> positive_grad_cam(maps * 3, torch.tensor([2])).relu().tolist()
        [[[[2.0, 0.0]]], [[[4.0, 4.0]]]]
    """
    positions = (maps.detach() > 0).sum((-2, -1), keepdim=True)
    share = positions / positions.sum(0).clamp_min(1)
    return maps * share / num_positive[:, None, None]


def class_margin(logits: Tensor, classes: Tensor) -> Tensor:
    """Logit of the target (M,) less all others, (V, M, K) -> (M,)."""
    # y_c - sum_{k != c} y_k = 2 y_c - sum_k y_k.
    target = logits.gather(2, classes.expand(len(logits), -1)[..., None])
    return (2 * target[..., 0] - logits.sum(2)).sum(0)


def target_maps(
    cam: Tensor, classes: Tensor, num_positive: Tensor | None = None
) -> Tensor:
    """Merged map (M, h, w), at least 0, of each item's class.

    ``cam`` is unrectified, (V, M, K, h, w). For ``num_positive`` see
    :func:`positive_grad_cam`; None takes the CAMs as they are.
    """
    maps = select_class(cam, classes)
    if num_positive is not None:
        maps = positive_grad_cam(maps, num_positive)
    return merge_views(maps)


def discriminative_change(
    cam: Tensor, initial: Tensor, thr: float, reduction: str = 'mean'
) -> Tensor:
    """L_AD (M,): how far maps (M, h, w), at least 0, have moved where high.

    A ``thr`` of 1 holds nothing. ``reduction`` over positions is ``'mean'`` or
    else the sum. The sum over the Grad-CAM of a pooled logit, which is the CAM
    divided by the number of positions, is the ``'mean'`` over the CAM.

    ``|cam - initial|`` where the map over its maximum is above ``thr``: the
    parts that already tell the class are held, so that the climb goes
    elsewhere.

    Example:
        >>> now = torch.tensor([[[4.0, 1.0]]])
        >>> discriminative_change(now, torch.zeros(1, 1, 2), 0.5, 'sum')
        tensor([4.])
    """
    # The mask is no part of the gradient.
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
    num_positive: Tensor | None = None,
) -> Tensor:
    """Target of the climb, (M,): the class margin less the weighted L_AD.

    Items are independent of each other. ``cam`` is unrectified, (V, M, K, h,
    w); ``initial`` (M, h, w) are :func:`target_maps` before the first step;
    ``ad_thr`` and ``reduction`` are those of :func:`discriminative_change`.
    With ``rectify_logits`` logits are means of rectified CAMs (released code)
    and not of the CAMs themselves.
    """
    logits = pool_logits(cam.relu() if rectify_logits else cam)
    merged = target_maps(cam, classes, num_positive)
    change = discriminative_change(merged, initial, ad_thr, reduction)
    return class_margin(logits, classes) - ad_weight * change


def value_range(views: Tensor) -> tuple[Tensor, Tensor]:
    """Range of each item in views (V, M, 3, H, W): two (1, M, 1, 1, 1)."""
    dims = (0, 2, 3, 4)
    return views.amin(dims, keepdim=True), views.amax(dims, keepdim=True)


def climb_step(
    views: Tensor,
    gradient: Tensor,
    low: Tensor,
    high: Tensor,
    step_size: float = 0.08,
) -> Tensor:
    """Move items along their gradients, the largest change being the step.

    Views are normalised images (V, M, 3, H, W), bounds (1, M, 1, 1, 1); the
    step is in units of the normalised image. An item whose gradient is 0
    stays.
    """
    # One for both views of an item: they climb together.
    largest = gradient.abs().amax((0, 2, 3, 4), keepdim=True)
    moved = views + step_size * gradient / largest.clamp_min(1e-30)
    # Within the image's own range of values.
    return moved.clamp(low, high)
