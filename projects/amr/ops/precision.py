"""Full precision inside of mixed-precision training."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision; float32 and float64 stay as they are.

    Means over many positions, logarithms and differences of nearly equal
    maps lose most of their digits in bfloat16 (8 bits) and over- or
    underflow in float16.

    Args:
        values (Tensor): Floating point, any shape.

    Returns:
        Tensor: float32 or float64; the very tensor where nothing changes.

    Example:
        >>> at_least_float32(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def full_precision(device: torch.device) -> AbstractContextManager:
    """Context in which autocast lets operations on a device alone.

    Args:
        device (torch.device): Of the tensors at hand; ``meta``, which counts
            operations and has no autocast, included.

    Returns:
        AbstractContextManager: The context.
    """
    if device.type == 'meta':
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
