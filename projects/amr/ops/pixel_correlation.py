"""Pixel correlation and the normalisations of SEAM (arXiv:2004.04581).

Shape legend: N images, K foreground classes, C maps to refine (SEAM: the
background's and those of the K classes), D feature channels, (h, w) feature
size, P = h w positions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_ENTRIES = 2**25
"""Weights that are formed at a time, 128 MiB; at least one column."""


def correlation_weights(
    features: Tensor, start: int = 0, stop: int | None = None
) -> Tensor:
    r"""Weight of each position for each: rectified cosine, normalised.

    .. math::
        w_{ij} = \frac{[\cos(f_i, f_j)]_+}{\sum_k [\cos(f_k, f_j)]_+}

    Released code: adds 1e-5 to norms and sums.
    Here: 1e-5 is their least value, so that columns do add up to 1.

    Returns:
        Tensor: Shape (N, P, stop - start), in [0, 1]; giving position i by
        row, receiving position j by column. Columns sum to 1, or to 0 where
        the features are 0.
    """
    unit = F.normalize(features.flatten(2), dim=1, eps=1e-5)
    weights = (unit.transpose(1, 2) @ unit[..., start:stop]).relu()
    return weights / weights.sum(1, keepdim=True).clamp_min(1e-5)


def pixel_correlation(cam: Tensor, features: Tensor) -> Tensor:
    """Replace each value of maps (N, C, h, w) by the mean over like positions.

    Features are (N, D, h, w). The P x P weights are formed in blocks of
    columns, which changes the memory and not the result: at twice VOC's image
    size they would take half a GiB an image at once. A backward pass keeps all
    of them.

    Example:
        >>> cam = torch.tensor([1.0, 0.0, 4.0]).view(1, 1, 1, 3)
        >>> alike = torch.tensor([[2.0, 5.0, 0.0], [0.0, 0.0, 3.0]])
        >>> pixel_correlation(cam, alike.view(1, 2, 1, 3)).flatten().tolist()
        [0.5, 0.5, 4.0]
    """
    flat = cam.flatten(2)
    positions = flat.shape[-1]
    step = max(MAX_ENTRIES // (len(cam) * positions), 1)
    blocks = [
        flat @ correlation_weights(features, start, start + step)
        for start in range(0, positions, step)
    ]
    return torch.cat(blocks, dim=-1).view_as(cam)


def add_background(cam: Tensor) -> Tensor:
    """Put 1 minus the best class first: (N, K, h, w) -> (N, 1 + K, h, w)."""
    return torch.cat([1 - cam.amax(1, keepdim=True), cam], dim=1)


def keep_winner(cam: Tensor) -> Tensor:
    """Set all but each position's best class (or classes) to 0.

    Maps are (N, K, h, w), at least 0.
    """
    return torch.where(cam < cam.amax(1, keepdim=True), 0.0, cam)
