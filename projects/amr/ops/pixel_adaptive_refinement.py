r"""Pixel-adaptive refinement: scores averaged over neighbours of like colour.

PAR of "Learning Affinity from Attention" (AFA, arXiv:2203.02664), which
later single-stage systems share. It has no unary: a score only moves along
the image, so a few iterations are a cheap refinement of seeds and labels.

Shape legend: B images, K scores a pixel, (H, W) their size, P neighbours of a
pixel: the eight of a 3 x 3 window, at every dilation.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

DILATIONS = (1, 2, 4, 8, 12, 24)  # pixels
SHARPNESS = 0.3
POSITION_WEIGHT = 0.01


@torch.no_grad()
def pixel_adaptive_refinement(
    images: Tensor, scores: Tensor, *, num_iters: int = 10
) -> Tensor:
    r"""Average scores over neighbours, weighted by likeness of colour.

    .. math::
        m_i \leftarrow \sum_n a_{in} m_n, \quad
        a_i = \frac{\mathrm{softmax}(k_i) + w\,\mathrm{softmax}(q)}{1 + w}

        k_{in} = -\tfrac{1}{3} \sum_c
        \left(\frac{I_{ic} - I_{nc}}{0.3\,\sigma_{ic}}\right)^2, \quad
        q_n = -\left(\frac{r_n}{0.3\,\sigma_r}\right)^2

    with w = 0.01 and :math:`\sigma` the standard deviations over the P
    neighbours. The pixel itself has no weight. Pixels past the edge are copies
    of the edge. Neither a shift nor a positive scale of a colour channel
    matters, so normalised images serve as well.

    Released code: the weights sum to 1 + w, so scores grow by 1 % an
    iteration.
    Here: they sum to 1, so that thresholds keep their meaning; the order of
    the scores is the same.

    Args:
        images (Tensor): Real, shape (B, 3, H, W).
        scores (Tensor): Real, shape (B, K, H, W), on the same device.
        num_iters (int): At least 0; AFA takes 10, on COCO 15, later systems
            20. Defaults to 10.

    Returns:
        Tensor: Float, the shape of ``scores``, within their range.

    Example:
        >>> images = torch.zeros(1, 3, 2, 6)
        >>> images[..., 3:] = 200
        >>> scores = (images[:, :1] > 0).float()
        >>> scores[0, 0, 0, 1] = 1
        >>> refined = pixel_adaptive_refinement(images, scores)
        >>> (refined > 0.5).int()[0, 0, 0].tolist()
        [0, 0, 0, 1, 1, 1]
    """
    scores = scores.float()
    weights = _weights(images.float())
    for _ in range(num_iters):
        total = torch.zeros_like(scores)
        for weight, values in zip(weights, _neighbours(scores), strict=True):
            total.addcmul_(weight, values)
        scores = total
    return scores


def _offsets() -> list[tuple[int, int]]:
    """(dy, dx) of the P neighbours, in pixels."""
    ring = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
    return [(y * d, x * d) for d in DILATIONS for y, x in ring]


def _neighbours(maps: Tensor) -> Iterator[Tensor]:
    """Yield maps (B, C, H, W) seen from each neighbour, as views."""
    height, width = maps.shape[-2:]
    pad = max(DILATIONS)
    padded = F.pad(maps, (pad,) * 4, mode='replicate')
    for dy, dx in _offsets():
        top, left = pad + dy, pad + dx
        yield padded[..., top : top + height, left : left + width]


def _weights(images: Tensor) -> Tensor:
    """Weights of the neighbours, (P, B, 1, H, W), which sum to 1 over P."""
    offsets = _offsets()
    # Two passes: the variance of large values needs it in float32.
    mean = sum(_neighbours(images)) / len(offsets)
    squares = sum((n - mean) ** 2 for n in _neighbours(images))
    width = (squares / (len(offsets) - 1)).sqrt() + 1e-8
    colour = torch.stack(
        [
            -((images - n) / (width * SHARPNESS)).square().mean(1, True)
            for n in _neighbours(images)
        ]
    ).softmax(0)
    radius = images.new_tensor(offsets).norm(dim=1)
    position = -(radius / (radius.std() * SHARPNESS)).square()
    position = position.softmax(0).reshape(-1, 1, 1, 1, 1)
    return (colour + POSITION_WEIGHT * position) / (1 + POSITION_WEIGHT)
