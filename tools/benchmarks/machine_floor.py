"""The least time that a computation can take on this machine.

Its operations (``work_counter.py``) divided by the machine's rates, measured
in the same process (:func:`measure_rates`), give two floors:

- *products*: convolutions and matrix products alone, each at the peak rate
  or at the memory's, whichever is slower. No way of running the same network
  is below it.
- *operations*: every operation, likewise, one after the other. What is
  between the two is what fusing operations could save at best.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import measuring
import torch
import torch.nn.functional as F
from work_counter import Work

_SIZES = (2**18, 2**20, 2**22, 2**24, 2**26, 2**28)  # bytes of a copy


class Rates(NamedTuple):
    """What a machine can do in a second.

    Args:
        flops (float): In float32 products.
        half_flops (float): In products of half precision.
        copies (dict[int, float]): Bytes read and written, by the bytes of
            the tensors: small ones stay in a cache.
    """

    flops: float
    half_flops: float
    copies: dict[int, float]

    def seconds(self, work: Work) -> float:
        """Least time of an operation: computing and moving overlap."""
        rate = self.half_flops if work.half else self.flops
        # No faster than the best copy of that size or of a larger one.
        fitting = [r for size, r in self.copies.items() if size >= work.moved]
        bandwidth = max(fitting or [self.copies[max(self.copies)]])
        return max(work.flops / rate, work.moved / bandwidth)


def floors(works: list[Work], rates: Rates) -> dict[str, float]:
    """Least seconds of operations.

    Args:
        works (list[Work]): The operations.
        rates (Rates): Of the machine.

    Returns:
        dict[str, float]: By kind; their sum is the floor of all operations.
    """
    found: dict[str, float] = {}
    for work in works:
        found[work.kind] = found.get(work.kind, 0.0) + rates.seconds(work)
    return found


def measure_rates(device: str, repeats: int = 5) -> Rates:
    """Measure what the machine can do, at its best.

    Args:
        device (str): ``'cpu'`` or ``'cuda'``.
        repeats (int): The best of so many calls counts. Defaults to 5.

    Returns:
        Rates: By matrix products, 3x3 convolutions (channels last) and
        copies.
    """
    half = torch.float16 if device == 'cuda' else torch.bfloat16
    side = 8192 if device == 'cuda' else 1024
    with torch.no_grad():
        flops = [
            max(
                2 * side**3 / _best(_product(side, dtype, device), repeats),
                _conv_rate(dtype, device, repeats),
            )
            for dtype in (torch.float32, half)
        ]
        copies = {}
        for size in _SIZES:
            source = torch.ones(size // 8, device=device)  # 2 x float32
            target = torch.empty_like(source)
            spent = _best(lambda s=source, t=target: t.copy_(s), repeats)
            copies[size] = size / spent
    return Rates(*flops, copies)


def _product(side: int, dtype, device: str) -> Callable:
    """A product of square matrices."""
    matrix = torch.ones(side, side, dtype=dtype, device=device)
    return lambda: matrix @ matrix


def _conv_rate(dtype, device: str, repeats: int) -> float:
    """Operations a second of a 3x3 convolution of 512 channels."""
    last = {'memory_format': torch.channels_last}
    images = 64 if device == 'cuda' else 1
    maps = torch.ones(images, 512, 32, 32, dtype=dtype, device=device)
    weights = torch.ones(512, 512, 3, 3, dtype=dtype, device=device)
    maps, weights = maps.contiguous(**last), weights.contiguous(**last)
    spent = _best(lambda: F.conv2d(maps, weights, padding=1), repeats)
    return 2 * weights.numel() * images * 32 * 32 / spent


def _best(call: Callable, repeats: int) -> float:
    """Least seconds of a call, after one to warm up."""
    device = str(call().device.type)
    # Enough calls in a row that a GPU's launches do not count.
    inner = 10 if device == 'cuda' else 1
    clock = time.perf_counter if device == 'cuda' else time.process_time
    least = float('inf')
    for _ in range(repeats):
        measuring.wait(device)
        start = clock()
        for _ in range(inner):
            call()
        measuring.wait(device)
        least = min(least, (clock() - start) / inner)
    return max(least, 1e-9)
