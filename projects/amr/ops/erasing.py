"""Erasing of what a classifier has found: beyond the paper of AMR.

Shape legend: N images, K foreground classes, (H, W) image size, (h, w) map
size.
"""

from torch import Tensor

from projects.amr.ops.cam import normalize_cam, resize_cam


def erase_peaks(
    images: Tensor, cam: Tensor, labels: Tensor, thr: float
) -> Tensor:
    """Set pixels to 0 where a labelled class's CAM is above ``thr``.

    Images (N, 3, H, W) are normalised, so that 0 is the mean of the data; the
    CAM (N, K, h, w) is unrectified and divided by its maximum, no gradient
    passes.

    The idea is that of adversarial erasing (Wei et al., CVPR 2017), where it
    is done in rounds; here the map is that of the current step.
    """
    found = normalize_cam(cam.detach()) * labels[..., None, None]
    peak = resize_cam(found, images.shape[-2:]).amax(1, keepdim=True)
    return images * (peak <= thr)
