"""From CAMs and class boundaries to scores at image size.

The one place that holds this recipe: the transform
``RandomWalkPseudoLabel`` and IRNet's ``predict`` both call it, so what is
made on line, off line and in the test loop agrees.

Shape legend: K labelled classes, (h, w) stored CAM, (h', w') boundary map,
(H, W) image.
"""

import torch
from torch import Tensor

from projects.amr.ops.cam import enlarge_and_cut, resize_cam, share_peak
from projects.amr.ops.checks import require
from projects.amr.ops.random_walk import check_walk, random_walk


@torch.no_grad()
def walk_to_scores(
    cam: Tensor,
    boundary: Tensor,
    size: tuple[int, int],
    *,
    cam_power: float = 1.0,
    enlarge_by: int | None = None,
    **walk,
) -> Tensor:
    """Walk CAMs over boundaries and bring them to the image's size.

    CAMs (K, h, w) are in [0, 1], K may be 0; boundary probabilities (h', w')
    in [0, 1] are on their device. ``cam_power`` is positive; AdvCAM and AMR's
    release take 1.5. ``enlarge_by``: factor from boundary map to image, see
    :func:`~projects.amr.ops.cam.enlarge_and_cut`; None resizes to ``size``
    (H, W). ``walk`` are the settings of
    :func:`~projects.amr.ops.random_walk.random_walk`. The scores (K, H, W) are
    float32, in [0, 1]; maps without any positive value stay 0.

    In order: CAM bilinearly to the boundary map's size, to the power of
    ``cam_power``, :func:`~projects.amr.ops.random_walk.random_walk`,
    bilinearly to ``size``, divided by the greatest value of all maps.

    Released code (IRNet, arXiv:1904.05044): enlarges by 4 and cuts off what
    is past the image's edge (``enlarge_by=4``); the CAMs are at stride 4
    already.
    Here: resized to the image, which is the same where 4 divides both sides;
    on random weights 92 to 100 % of an image's label pixels are.

    Example:
        >>> cam = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
        >>> boundary = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
        >>> walk_to_scores(cam, boundary, (1, 4), radius=2).tolist()
        [[[1.0, 1.0, 0.0, 0.0]]]
    """
    check_scores_settings(cam_power=cam_power, enlarge_by=enlarge_by, **walk)
    shape = tuple(boundary.shape)
    require(boundary.ndim == 2, 'boundary', shape, 'of shape (h, w)')
    seeds = resize_cam(cam.float(), shape) ** cam_power
    walked = random_walk(seeds, boundary.float(), **walk)
    # The Chebyshev series may leave the range by its error bound.
    walked = walked.clamp(0, 1)
    if enlarge_by:
        return share_peak(enlarge_and_cut(walked, enlarge_by, size))
    return share_peak(resize_cam(walked, size))


def check_scores_settings(
    *, cam_power: float = 1.0, enlarge_by: int | None = None, **walk
) -> None:
    """Refuse settings of :func:`walk_to_scores` without walking."""
    check_walk(**walk)
    require(cam_power > 0, 'cam_power', cam_power, 'positive')
    fits = enlarge_by is None or enlarge_by >= 1
    require(fits, 'enlarge_by', enlarge_by, 'at least 1 or None')
