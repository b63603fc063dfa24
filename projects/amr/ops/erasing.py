"""Erasing of what a classifier has found: beyond the paper of AMR.

Shape legend: N images, K foreground classes, (H, W) image size, (h, w) map
size.
"""

from torch import Tensor

from projects.amr.ops.cam import normalize_cam, resize_cam


def erase_peaks(
    images: Tensor, cam: Tensor, labels: Tensor, thr: float
) -> Tensor:
    """Set pixels to 0 where a labelled class's CAM is high.

    The idea is that of adversarial erasing (Wei et al., CVPR 2017), where it
    is done in rounds; here the map is that of the current step.

    Args:
        images (Tensor): Shape (N, 3, H, W), normalised, so that 0 is the
            mean of the data.
        cam (Tensor): Shape (N, K, h, w), unrectified; no gradient passes.
        labels (Tensor): Shape (N, K), weak labels, 0 or 1.
        thr (float): In [0, 1]; pixels above it in the CAM divided by its
            maximum are erased, at 1 none.

    Returns:
        Tensor: Shape (N, 3, H, W).
    """
    found = normalize_cam(cam.detach()) * labels[..., None, None]
    peak = resize_cam(found, images.shape[-2:]).amax(1, keepdim=True)
    return images * (peak <= thr)
