"""Large images in bounded memory: their scale, and labels of small maps."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def bounded_scale(
    size: tuple[int, int], scale: float, max_pixels: int | None
) -> float:
    """The scale, or a smaller one at which the image has not too many pixels.

    ``size`` is (H, W); a bound of None is none.

    Example:
        >>> bounded_scale((300, 500), 2.0, 1_000_000)
        2.0
        >>> bounded_scale((3000, 5000), 2.0, 600_000)
        0.2
    """
    if max_pixels is None or size[0] * size[1] * scale**2 <= max_pixels:
        return scale
    return math.sqrt(max_pixels / (size[0] * size[1]))


def argmax_resized(
    logits: Tensor, size: tuple[int, int], band_values: int = 2**27
) -> Tensor:
    """Best label (1, H, W) of maps (L, h, w) resized to the size of an image.

    ``band_values`` bounds the values held at once, but for a single row; its
    default is some 0.5 GiB.

    The same as the argmax of ``F.interpolate(logits, size,
    mode='bilinear', align_corners=False)``, up to ties, without ever holding
    the enlarged maps: they are made in bands of rows.

    Example:
        >>> logits = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> argmax_resized(logits, (2, 4)).tolist()
        [[[0, 0, 1, 1], [0, 0, 1, 1]]]
    """
    height, width = size
    labels = torch.empty(
        (1, height, width), dtype=torch.long, device=logits.device
    )
    rows = max(band_values // (len(logits) * width), 1)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        band = _rows(logits, start, stop, height)[None]
        wide = F.interpolate(
            band, (stop - start, width), mode='bilinear', align_corners=False
        )
        labels[0, start:stop] = wide[0].argmax(0)
    return labels


def _rows(maps: Tensor, start: int, stop: int, height: int) -> Tensor:
    """Rows of maps (L, h, w) resized to a height: (L, stop - start, w)."""
    last = maps.shape[1] - 1
    # Half precision does not know all row numbers above 256 or 2048.
    dtype = torch.promote_types(maps.dtype, torch.float32)
    place = torch.arange(start, stop, device=maps.device, dtype=dtype)
    place = (place + 0.5) * (maps.shape[1] / height) - 0.5
    place = place.clamp(0, last)
    above = place.floor().long()
    below = (above + 1).clamp(max=last)
    share = (place - above)[:, None]
    return maps[:, above] * (1 - share) + maps[:, below] * share
