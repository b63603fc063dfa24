"""What a computation does, operation by operation, and how long each takes.

Counted are floating point operations of products (convolutions and matrix
products, sparse ones by their entries), and bytes, each tensor of an
operation once. Seen is what torch does, and the sparse products of the
permutohedral lattice; not Python, codecs and other numpy.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest import mock

import measuring
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from projects.amr.ops.permutohedral import PermutohedralLattice

PRODUCTS = 'products'
# By the first word found in an operation's name.
KINDS = (
    (PRODUCTS, ('conv', 'mm', 'addmv', 'mkldnn_linear', 'lattice')),
    ('norms', ('norm',)),
    ('resizing', ('upsample', 'interpolate', 'antialias')),
    ('copies', ('copy', 'cat', 'stack', 'clone', 'contiguous', 'fill')),
    ('gathers', ('index', 'gather', 'scatter', 'sort', 'unique', 'take')),
)
_HALF = (torch.float16, torch.bfloat16)
_WRITTEN_ONLY = ('copy_', 'fill_', 'zero_')


class Work(NamedTuple):
    """One operation.

    Args:
        kind (str): See :func:`kind_of`.
        flops (int): Floating point operations, a multiplication and an
            addition counted as two; 0 for what is no product.
        moved (int): Bytes of the tensors that it reads and writes.
        half (bool): Whether it computes in half precision.
    """

    kind: str
    flops: int
    moved: int
    half: bool = False


def kind_of(name: str) -> str:
    """Kind of an operation by its name in torch.

    Example:
        >>> kind_of('aten::mkldnn_convolution'), kind_of('aten::add_')
        ('products', 'elementwise')
    """
    for kind, words in KINDS:
        if any(word in name for word in words):
            return kind
    return 'elementwise'


class WorkCounter(TorchDispatchMode):
    """Notes every operation of torch, backward passes included.

    Attributes:
        works (list[Work]): The operations, in order.
    """

    def __init__(self):
        super().__init__()
        self.works: list[Work] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation and note it."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        name = func.overloadpacket.__name__
        if not _only_looks(func) and not name.startswith(('empty', '_local')):
            given = tree_leaves((args, kwargs))
            if name in _WRITTEN_ONLY:
                given = given[1:]
            tensors = _tensors(given) + _tensors(tree_leaves(out))
            self.works.append(
                Work(
                    kind_of(name),
                    _flops(func, args, kwargs, out, tensors),
                    sum(map(_nbytes, tensors)),
                    any(t.dtype in _HALF for t in tensors),
                )
            )
        return out


@contextmanager
def counting() -> Iterator[list[Work]]:
    """Count what runs inside.

    Returns:
        Iterator[list[Work]]: Filled while the context lasts.
    """
    counter = WorkCounter()

    def note(lattice, result, _):
        channels = result.size // len(result)
        counter.works.extend(_lattice_works(lattice, channels))

    with _listening_to_lattices(note), counter:
        yield counter.works


@contextmanager
def _listening_to_lattices(note: Callable) -> Iterator[None]:
    """Call ``note(lattice, result, seconds)`` after each Gaussian filter."""
    plain = PermutohedralLattice.filter

    def heard(lattice, values):
        start = time.perf_counter()
        result = plain(lattice, values)
        note(lattice, result, time.perf_counter() - start)
        return result

    with mock.patch.object(PermutohedralLattice, 'filter', heard):
        yield


def profile(
    call: Callable[[object], object], value: object, device: str
) -> tuple[object, dict[str, float]]:
    """Seconds of one call by kind of operation.

    Args:
        call (Callable): What is profiled; it runs once.
        value (Any): Its argument.
        device (str): ``'cpu'`` or ``'cuda'``.

    Returns:
        tuple[Any, dict[str, float]]: What it returned; wall seconds by kind,
        as the profiler has them, on a CPU with the ``rest``, which is not
        torch's. On a busy machine they are good for shares only.
    """
    gpu = device == 'cuda'
    kinds = torch.profiler.ProfilerActivity
    activities = [kinds.CPU, *([kinds.CUDA] if gpu else [])]
    found: dict[str, float] = {}

    def note(lattice, result, seconds):
        found[PRODUCTS] = found.get(PRODUCTS, 0.0) + seconds

    with (
        _listening_to_lattices(note),
        torch.profiler.profile(activities=activities) as profiler,
    ):
        start = time.perf_counter()
        result = call(value)
        measuring.wait(device)
        total = time.perf_counter() - start
    for event in profiler.key_averages():
        if not event.key.startswith('aten::'):
            continue
        spent = (
            event.self_device_time_total if gpu else event.self_cpu_time_total
        )
        kind = kind_of(event.key)
        found[kind] = found.get(kind, 0.0) + spent / 1e6
    if not gpu:
        found['rest'] = max(total - sum(found.values()), 0.0)
    return result, found


def _only_looks(func) -> bool:
    """Whether an operation gives a view and moves nothing."""
    returned = [r.alias_info for r in func._schema.returns]
    return bool(returned) and all(a and not a.is_write for a in returned)


def _tensors(values: list) -> list:
    """The tensors among values."""
    return [v for v in values if isinstance(v, torch.Tensor)]


def _nbytes(tensor) -> int:
    """Bytes of a tensor; of a sparse one, of its entries and indices."""
    if tensor.layout == torch.strided:
        return tensor.numel() * tensor.element_size()
    if tensor.layout == torch.sparse_csr:
        parts = (tensor.crow_indices(), tensor.col_indices(), tensor.values())
        return sum(part.numel() * part.element_size() for part in parts)
    return tensor._nnz() * (tensor.element_size() + 8 * tensor.ndim)


def _flops(func, args, kwargs, out, tensors) -> int:
    """Operations of a product, 0 of anything else."""
    sparse = [t for t in tensors if t.layout != torch.strided]
    if sparse:
        if kind_of(func.overloadpacket.__name__) != PRODUCTS:
            return 0
        columns = out.shape[-1] if out.ndim > 1 else 1
        return 2 * max(t._nnz() for t in sparse) * columns
    counter = flop_registry.get(func.overloadpacket)
    return counter(*args, **kwargs, out_val=out) if counter else 0


def _lattice_works(lattice, channels: int) -> list[Work]:
    """The sparse products of one Gaussian filter of C channels."""
    works = []
    for matrix in (lattice._splat, *lattice._blurs, lattice._slice):
        stored = sum(
            part.nbytes
            for part in (matrix.data, matrix.indices, matrix.indptr)
        )
        maps = 4 * channels * sum(matrix.shape)  # float32 in and out
        works.append(Work(PRODUCTS, 2 * matrix.nnz * channels, stored + maps))
    return works
