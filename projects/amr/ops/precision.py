"""Full precision inside of mixed-precision training."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision; float32 and float64 stay as they are.

    Means over many positions, logarithms and differences of nearly equal
    maps lose most of their digits in bfloat16 (8 bits) and over- or
    underflow in float16.

    Example:
        >>> at_least_float32(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def full_precision(device: torch.device) -> AbstractContextManager:
    """Context manager that disables autocast on a device.

    ``meta``, which counts operations, has no autocast.
    """
    if device.type == 'meta':
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def gradient_through(value: Tensor, maps: Tensor, inputs: Tensor) -> Tensor:
    """Gradient of a value, kept in float16's range on its way.

    The value, whose sum counts, is made from ``maps``, float32 or float64,
    where the network ends, and those from ``inputs``.

    The gradient of a pooled logit is some 1e-6 a feature, where float16 has
    two digits or none left. As a loss scale does in training, it enters the
    half-precision part of the graph at about 1 and is divided afterwards, by
    a power of two: in float32 the result is the same to the last bit.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> maps = 3 * x
        >>> gradient_through(maps.mean(), maps, x)
        tensor([1.5000, 1.5000])
    """
    (above,) = torch.autograd.grad(value.sum(), maps)
    _, exponent = torch.frexp(above.abs().amax())
    exponent = exponent.clamp(-100, 100)  # 2 ** 100 is a float32 too
    (below,) = torch.autograd.grad(maps, inputs, above.ldexp(-exponent))
    return at_least_float32(below).ldexp(exponent)
