r"""Mean field over a window of neighbours, batched, on any device.

This is **not the dense CRF** (:mod:`projects.amr.ops.dense_crf`): a pixel is
connected with the pixels of a dilated window and not with all pixels, so
evidence travels further only by iterating, and the same kernel values smooth
less. It is the fast approximation for batches on a GPU; name it as what it is
wherever its results are reported.

Shape legend: N images, L labels, (H, W) their common size, P pairs of a
pixel and a neighbour (half of the window, each pair is kept once).
"""

import torch
from torch import Tensor

Offset = tuple[int, int]


def local_mean_field(
    images: Tensor,
    unary: Tensor,
    *,
    num_iters: int = 10,
    radius: int = 2,
    dilations: tuple[int, ...] = (1, 2, 4, 8),
    gaussian: dict | None = None,
    bilateral: dict | None = None,
    valid: Tensor | None = None,
) -> Tensor:
    r"""Refine label probabilities by a windowed mean field.

    The dense CRF's energy and normalisation, with its two kernels cut off
    outside the window:

    .. math::
        Q^{t+1} = \mathrm{softmax}\left(-U + \sum_m w_m
        D_m^{-1/2} K_m D_m^{-1/2} Q^t\right)

    with :math:`K_m(i, i) = 1` and :math:`D_m` the row sums of :math:`K_m`.
    With a window that covers the image it is the mean field of the dense CRF
    with exact kernels.

    Args:
        images (Tensor): RGB in [0, 255], any real dtype, shape (N, 3, H, W).
        unary (Tensor): Negative log-probabilities, finite, float, shape (N,
            L, H, W), on the device of ``images``.
        num_iters (int): 0 gives ``softmax(-unary)``. Defaults to 10.
        radius (int): Neighbours lie up to this many steps away in each
            direction, at least 1. Defaults to 2.
        dilations (tuple[int]): Pixels per step; the windows of several
            dilations are joined. Defaults to (1, 2, 4, 8).
        gaussian (dict | None): ``sxy`` (pixels) and ``compat`` (weight) of
            the position kernel. Defaults to None, without it.
        bilateral (dict | None): ``sxy``, ``srgb`` (grey levels of 0-255) and
            ``compat`` of the colour kernel. Defaults to None, without it.
        valid (Tensor | None): Bool, shape (N, H, W), False on the padding of
            a batch: such pixels send nothing to others. Defaults to None.

    Returns:
        Tensor: Q, dtype and shape of ``unary``, in [0, 1], sums to 1 over L.

    Raises:
        ValueError: If an argument breaks its rule.

    Example:
        >>> images = torch.zeros(1, 3, 4, 5)
        >>> images[..., 3:] = 200
        >>> labels = (images[:, :1] > 0).float()
        >>> labels[0, 0, 1, 1] = 1
        >>> probs = torch.cat([0.7 - 0.4 * labels, 0.3 + 0.4 * labels], 1)
        >>> kernel = dict(sxy=50, srgb=5, compat=10)
        >>> q = local_mean_field(images, -probs.log(), bilateral=kernel)
        >>> q.argmax(1)[0, 1].tolist()
        [0, 0, 0, 1, 1]
    """
    _check_sizes(images, unary, valid)
    if num_iters < 0:
        raise ValueError(f'`num_iters` must not be negative, got {num_iters}')
    offsets = window_offsets(radius, dilations, tuple(unary.shape[-2:]))
    own, pairs = _couplings(
        images.to(unary.dtype), offsets, gaussian, bilateral, valid
    )
    marginals = torch.softmax(-unary, dim=1)
    for _ in range(num_iters):
        logits = _message(marginals, own, pairs, offsets) - unary
        marginals = torch.softmax(logits, dim=1)
    return marginals


def window_offsets(
    radius: int, dilations: tuple[int, ...], size: tuple[int, int]
) -> list[Offset]:
    """Offsets from a pixel to half of its neighbours, the rest mirrored.

    Args:
        radius (int): Steps in each direction, at least 1.
        dilations (tuple[int]): Pixels per step, each at least 1.
        size (tuple[int]): (H, W); longer offsets are left out.

    Returns:
        list[tuple[int]]: (dy, dx) in pixels, dy >= 0, without (0, 0).

    Raises:
        ValueError: If ``radius`` or a dilation is below 1.

    Example:
        >>> window_offsets(1, (1, 3), (3, 9))
        [(0, 1), (0, 3), (1, -1), (1, 0), (1, 1)]
    """
    if radius < 1:
        raise ValueError(f'`radius` must be at least 1, got {radius}')
    if not dilations or min(dilations) < 1:
        raise ValueError(
            f'`dilations` must be one or more of at least 1, got {dilations}'
        )
    steps = range(-radius, radius + 1)
    found = {(y * d, x * d) for d in dilations for y in steps for x in steps}
    return sorted(
        (dy, dx)
        for dy, dx in found
        if (dy, dx) > (0, 0) and dy < size[0] and abs(dx) < size[1]
    )


def _ends(tensor: Tensor, offset: Offset) -> tuple[Tensor, Tensor]:
    """Views of both ends of all pairs of one offset, (..., H-dy, W-|dx|)."""
    dy, dx = offset
    height, width = tensor.shape[-2:]
    left, right = max(-dx, 0), width - max(dx, 0)
    start = tensor[..., : height - dy, left:right]
    return start, tensor[..., dy:, left + dx : right + dx]


def _couplings(
    images: Tensor,
    offsets: list[Offset],
    gaussian: dict | None,
    bilateral: dict | None,
    valid: Tensor | None,
) -> tuple[Tensor, list[Tensor]]:
    """Weights of both normalised kernels together.

    Returns:
        tuple: Weight of each pixel with itself (N, 1, H, W); of each pair, a
        list of P tensors (N, 1, H-dy, W-|dx|).
    """
    shape = (images.shape[0], 1, *images.shape[-2:])
    own = images.new_zeros(shape)
    pairs = [torch.zeros_like(_ends(own, offset)[0]) for offset in offsets]
    for name, kernel in (('gaussian', gaussian), ('bilateral', bilateral)):
        if kernel is None:
            continue
        compat, values = _kernel(name, images, offsets, valid, **kernel)
        total = images.new_ones(shape)
        for value, offset in zip(values, offsets, strict=True):
            start, end = _ends(total, offset)
            start += value
            end += value
        scale = (compat / total).sqrt()
        own = own + scale**2
        for index, (value, offset) in enumerate(
            zip(values, offsets, strict=True)
        ):
            start, end = _ends(scale, offset)
            pairs[index] += value * start * end
    return own, pairs


def _kernel(
    name: str,
    images: Tensor,
    offsets: list[Offset],
    valid: Tensor | None,
    *,
    sxy: float,
    compat: float,
    srgb: float | None = None,
) -> tuple[float, list[Tensor]]:
    """Weight and values, one tensor (N, 1, ...) an offset, of one kernel."""
    widths = (sxy,) if name == 'gaussian' else (sxy, srgb)
    if None in widths or (name == 'gaussian' and srgb is not None):
        raise ValueError(
            '`gaussian` takes sxy and compat, `bilateral` takes sxy, srgb '
            f'and compat, got {name} with srgb={srgb}'
        )
    if not (min(widths) > 0 <= compat):
        raise ValueError(
            f'`{name}` must have positive widths and a compat of at least '
            f'0, got {widths} and {compat}'
        )
    values = []
    for dy, dx in offsets:
        start, end = _ends(images, (dy, dx))
        energy = torch.full_like(start[:, :1], (dy * dy + dx * dx) / sxy**2)
        if srgb is not None:
            energy += ((start - end) / srgb).square().sum(1, keepdim=True)
        value = torch.exp(-energy / 2)
        if valid is not None:
            start, end = _ends(valid[:, None], (dy, dx))
            value = value * (start & end)
        values.append(value)
    return compat, values


def _message(
    marginals: Tensor, own: Tensor, pairs: list[Tensor], offsets: list[Offset]
) -> Tensor:
    """Sum over each pixel's window, both ways along every pair."""
    message = marginals * own
    for weight, offset in zip(pairs, offsets, strict=True):
        to_start, to_end = _ends(message, offset)
        at_start, at_end = _ends(marginals, offset)
        to_start.addcmul_(weight, at_end)
        to_end.addcmul_(weight, at_start)
    return message


def _check_sizes(images: Tensor, unary: Tensor, valid: Tensor | None) -> None:
    """Refuse tensors that do not fit together."""
    if unary.ndim != 4 or not unary.is_floating_point() or not unary.numel():
        raise ValueError(
            f'`unary` must be float (N, L, H, W), got {unary.dtype} '
            f'{tuple(unary.shape)}'
        )
    num, _, height, width = unary.shape
    if images.shape != (num, 3, height, width):
        raise ValueError(
            f'`images` must be ({num}, 3, {height}, {width}) as `unary` '
            f'has it, got {tuple(images.shape)}'
        )
    if valid is not None and (
        valid.shape != (num, height, width) or valid.dtype != torch.bool
    ):
        raise ValueError(
            f'`valid` must be bool ({num}, {height}, {width}), got '
            f'{valid.dtype} {tuple(valid.shape)}'
        )
