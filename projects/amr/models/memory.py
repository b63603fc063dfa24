"""What to do when a device has not enough memory: less at once, then the CPU.

One mechanism for all stages that make predictions. A training is not retried,
since another batch size would be another training.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from mmengine.logging import print_log
from torch import nn

from projects.amr.errors import MemoryExhaustedError

T = TypeVar('T')
Way = tuple[str, Callable[[], T]]

# Who has no error class of its own: the CPU's allocator, the CUDA runtime,
# and its libraries, which ask for memory themselves (cuBLAS and cuDNN before
# version 9, cuDNN, cuSPARSE).
_SIGNS = (
    'DefaultCPUAllocator',
    'out of memory',
    'STATUS_ALLOC_FAILED',
    'DEVICE_ALLOCATION_FAILED',
    'STATUS_INSUFFICIENT_RESOURCES',
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory, of any device, is exhausted.

    Example:
        >>> is_out_of_memory(MemoryError())
        True
        >>> is_out_of_memory(RuntimeError('shape mismatch'))
        False
    """
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        sign in str(error) for sign in _SIGNS
    )


def peak_memory() -> str:
    """Peak memory of the current GPU so far, in words; '' if none is used."""
    # Asking would put a process in touch with CUDA that has no use for it,
    # and fails in a forked one.
    if not torch.cuda.is_initialized():
        return ''
    gpu = torch.cuda.current_device()
    peak = torch.cuda.max_memory_allocated(gpu) / 2**30
    total = torch.cuda.get_device_properties(gpu).total_memory / 2**30
    return f' (peak {peak:.1f} of {total:.1f} GiB)'


def first_that_fits(ways: Sequence[Way], what: str, remedy: str) -> T:
    """Compute something in the first way that fits into memory.

    Args:
        ways (Sequence[tuple[str, Callable]]): How (for the message: 'image
            by image') and the computation, the fastest first. They must give
            the same result.
        what (str): What is computed, for the message.
        remedy (str): The setting that avoids this.

    Returns:
        Any: Result of the first that ran through.

    Raises:
        MemoryExhaustedError: If none did.

    Example:
        >>> first_that_fits([('at once', lambda: 1)], 'maps', 'Lower x')
        1
    """
    last = len(ways) - 1
    for number, (_, compute) in enumerate(ways):
        try:
            return compute()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = f'{what}: out of memory{peak_memory()}'
        # Out of the except clause, which keeps the failed tensors alive.
        torch.cuda.empty_cache()  # does nothing where CUDA is not in use
        if number < last:
            text = f'{reason}; going on {ways[number + 1][0]}. {remedy}'
            print_log(text, 'current', logging.WARNING)
    raise MemoryExhaustedError(f'{reason}, the last way included. {remedy}')


def cpu_way(module: nn.Module, compute: Callable[[], T]) -> list[Way]:
    """The way of last resort: on the CPU; none if the module is there.

    Args:
        module (nn.Module): Moved for the computation, and back.
        compute (Callable): The computation; it moves its inputs to where the
            module is.

    Returns:
        list[tuple[str, Callable]]: For :func:`first_that_fits`.
    """
    first = next(iter(module.parameters()), None)
    if first is None or first.device.type == 'cpu':
        return []
    return [('on the CPU (slow)', lambda: _on_cpu(module, compute))]


def _on_cpu(module: nn.Module, compute: Callable[[], T]) -> T:
    """Compute with the module on the CPU."""
    with moved_to(module, 'cpu'):
        return compute()


@contextmanager
def moved_to(module: nn.Module, device) -> Iterator[None]:
    """Move a module for a while."""
    home = next(module.parameters()).device
    module.to(device)
    try:
        yield
    finally:
        module.to(home)


def join_parts(parts: list):
    """Concatenate outputs of one structure that were computed apart.

    Args:
        parts (list): Tensors, or dicts and tuples of them.

    Returns:
        Any: The same structure.

    Example:
        >>> part = {'cam': torch.ones(1, 2)}
        >>> join_parts([part, part])['cam'].shape
        torch.Size([2, 2])
    """
    first = parts[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    if isinstance(first, dict):
        return {key: join_parts([p[key] for p in parts]) for key in first}
    return tuple(join_parts(list(g)) for g in zip(*parts, strict=True))
