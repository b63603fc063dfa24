"""Out of memory: less at once, then the CPU.

One mechanism for all stages that make predictions. A training is not retried,
since another batch size would be another training.
"""

import logging
from collections.abc import Callable
from functools import wraps

import torch
from mmengine.logging import print_log
from torch import nn

from projects.amr.errors import MemoryExhaustedError

# These have no error class of their own: the CPU's allocator, the CUDA
# runtime, and its libraries, which allocate memory themselves (cuBLAS and
# cuDNN before version 9, cuDNN, cuSPARSE).
_SIGNS = (
    'DefaultCPUAllocator',
    'out of memory',
    'STATUS_ALLOC_FAILED',
    'DEVICE_ALLOCATION_FAILED',
    'STATUS_INSUFFICIENT_RESOURCES',
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory, of any device, is exhausted.

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


def retry_in_less_memory(what: Callable[..., str], advice: str) -> Callable:
    """Decorate a method that computes with a network.

    The method is called as it is; out of memory, again with ``in_parts=True``;
    then, where its network is on a GPU, once more with network and arguments
    on the CPU. The network is the object itself or the first argument.

    Args:
        what (Callable): Given the method's arguments, what is computed, for
            the message.
        advice (str): The settings that lower the need for memory.

    Returns:
        Callable: The decorator. The decorated method raises
        :class:`MemoryExhaustedError` if no attempt fits.
    """

    def decorate(method: Callable) -> Callable:
        @wraps(method)
        def call(self, *args):
            network = self if isinstance(self, nn.Module) else args[0]

            def on_cpu():
                return _on_cpu(method, network, self, args)

            attempts = [
                ('at once', lambda: method(self, *args)),
                ('in parts', lambda: method(self, *args, in_parts=True)),
            ]
            if on_gpu(network):
                attempts.append(('on the CPU (slow)', on_cpu))
            return _first_that_fits(attempts, what(*args), advice)

        return call

    return decorate


def _first_that_fits(attempts: list, what: str, advice: str):
    """Result of the first attempt that runs through."""
    for number, (_, compute) in enumerate(attempts, 1):
        try:
            return compute()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = f'{what}: out of memory{peak_memory()}'
        # Outside the except clause, which keeps the failed tensors alive.
        torch.cuda.empty_cache()  # does nothing where CUDA is not in use
        if number < len(attempts):
            text = f'{reason}; going on {attempts[number][0]}. {advice}'
            print_log(text, 'current', logging.WARNING)
    raise MemoryExhaustedError(f'{reason} in every way. {advice}')


def on_gpu(network: nn.Module) -> bool:
    """Return whether a network has parameters on another device than a CPU."""
    return any(p.device.type != 'cpu' for p in network.parameters())


def _on_cpu(method: Callable, network: nn.Module, owner, args: tuple):
    """Call a method in parts on the CPU; the network comes back after it."""
    home = next(network.parameters()).device
    network.to('cpu')
    try:
        result = method(owner, *moved(args, 'cpu'), in_parts=True)
    finally:
        network.to(home)
    return moved(result, home)


def moved(value, device):
    """Put tensors and data elements on a device, in containers too.

    Networks and all else stay as they are.
    """
    if isinstance(value, (list, tuple)):
        return type(value)(moved(item, device) for item in value)
    if isinstance(value, dict):
        return {key: moved(item, device) for key, item in value.items()}
    if isinstance(value, nn.Module) or not hasattr(value, 'to'):
        return value
    return value.to(device)
