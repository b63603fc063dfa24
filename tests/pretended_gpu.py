"""A GPU that is pretended: CPU tensors that are taken to be on ``cuda:0``.

Values are computed on the CPU, so that a result can be compared with the one
made there, forward and backward; and what a GPU would refuse is refused.
(torch's own FakeTensorMode has no values, stops at ``item()`` and
``nonzero()``, and cannot go backward on a machine without a driver.)

A tensor is where its storage is. Inside ``with PretendedGPU():``

- ``.to``, ``.cuda``, ``.cpu``, ``device=...`` of factories, ``.device`` and
  ``.is_cuda`` do as with a GPU; ``.numpy()`` of a tensor on it raises;
- every operation, in backward too, must have all its tensors in one place,
  but for those that torch lets differ: copies, indices, and scalars (0-dim)
  of element-wise operations.
"""

from contextlib import contextmanager

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

GPU = torch.device('cuda:0')
CPU = torch.device('cpu')
aten = torch.ops.aten
_DEVICE = torch.Tensor.device.__get__
_IS_CUDA = torch.Tensor.is_cuda.__get__
_IS_CPU = torch.Tensor.is_cpu.__get__
_ENGINE = '_engine_run_backward'
# Operations that copy between devices, and those that take indices or
# scalars from elsewhere though they are not element-wise.
_COPIES = {aten.copy_, aten.set_}
_INDEXING = {
    aten.index,
    aten.index_put,
    aten.index_put_,
    aten._index_put_impl_,
}
_SCALARS = {*_INDEXING, aten.masked_fill, aten.masked_fill_, aten.fill_}


class MixedDevicesError(RuntimeError):
    """Tensors of one operation are in two places."""


class PretendedGPU(TorchFunctionMode):
    """Context in which ``cuda`` can be used."""

    def __init__(self):
        super().__init__()
        self._there: dict[int, StorageWeakRef] = {}
        self._made: list[torch.device | None] = [None]
        self._checks = _Checks(self)
        self.operations: set = set()

    def __enter__(self):
        self._engine = getattr(torch.autograd, _ENGINE, None)
        if self._engine is not None:  # an older torch has another way
            setattr(torch.autograd, _ENGINE, self._run_backward)
        self._checks.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._checks.__exit__(*error)
        if self._engine is not None:
            setattr(torch.autograd, _ENGINE, self._engine)

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor is on the pretended GPU."""
        with torch._C.DisableTorchFunction():
            return _storage(tensor)._cdata in self._there

    def put(self, out, there: bool = True) -> None:
        """Note where results are."""
        for tensor in _tensors(out):
            with torch._C.DisableTorchFunction():
                storage = _storage(tensor)
            if there:
                self._there[storage._cdata] = StorageWeakRef(storage)
            else:
                self._there.pop(storage._cdata, None)

    def place_of_new(self) -> bool:
        """Whether what is made without tensors is on the GPU.

        In a function it is where the function's tensors are; what autograd
        makes by itself in backward is where the graph is.
        """
        place = self._made[-1]
        if place is None:
            return torch._C._current_graph_task_id() != -1
        return place == GPU

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Stand between the caller and torch."""
        kwargs = dict(kwargs or {})
        if func in (_DEVICE, _IS_CUDA, _IS_CPU):
            there = self.holds(args[0])
            if func == _DEVICE:
                return GPU if there else CPU
            return there == (func == _IS_CUDA)
        name = getattr(func, '__name__', '')
        if name in ('numpy', '__array__') and self.holds(args[0]):
            raise TypeError(
                "can't convert cuda:0 device type tensor to numpy. Use "
                'Tensor.cpu() to copy the tensor to host memory first.'
            )
        if name in ('to', 'cuda', 'cpu') and isinstance(args[0], Tensor):
            return self._moved(name, args, kwargs)
        return self._called(func, args, kwargs)

    def _run_backward(self, *args, **kwargs):
        """Go backward with this mode on, which is off in its own calls."""
        super().__enter__()
        self._made.append(None)
        try:
            return self._engine(*args, **kwargs)
        finally:
            self._made.pop()
            super().__exit__(None, None, None)

    def _called(self, func, args, kwargs):
        """Call a function; what it makes is where its tensors are."""
        place = GPU if self._any_there((args, kwargs)) else CPU
        chosen = kwargs.get('device') is not None
        if chosen:
            place = _device(kwargs['device'])
            kwargs['device'] = CPU
        self._made.append(place)
        try:
            out = func(*args, **kwargs)
        finally:
            self._made.pop()
        return self._at(out, place) if chosen else out

    def _moved(self, name: str, args, kwargs) -> Tensor:
        """``.to()``, ``.cuda()`` and ``.cpu()``."""
        tensor, *rest = args
        place = {'cuda': GPU, 'cpu': CPU}.get(name)
        others = []
        for value in [*rest, kwargs.pop('device', None)] if not place else ():
            if isinstance(value, (str, torch.device)):
                place = _device(value)
            elif isinstance(value, Tensor):
                place = GPU if self.holds(value) else CPU
                others.append(value.dtype)
            elif value is not None:
                others.append(value)
        kwargs.pop('non_blocking', None)
        others = [value for value in others if not isinstance(value, bool)]
        out = tensor.to(*others, **kwargs) if others or kwargs else tensor
        if place is None:
            return out
        return self._at(out, place)

    def _at(self, tensor: Tensor, place: torch.device) -> Tensor:
        """The tensor, or its copy at a place."""
        if self.holds(tensor) == (place == GPU):
            return tensor
        moved = tensor.clone()
        self.put(moved, place == GPU)
        return moved

    def _any_there(self, values) -> bool:
        return any(self.holds(tensor) for tensor in _tensors(values))


class _Checks(TorchDispatchMode):
    """Sees every operation below autograd, and where its tensors are."""

    def __init__(self, gpu: PretendedGPU):
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Check the places, compute, and note where the results are."""
        kwargs = kwargs or {}
        inputs = _tensors((args, kwargs))
        there = [self.gpu.holds(tensor) for tensor in inputs]
        if func.overloadpacket in _COPIES:
            return func(*args, **kwargs)
        if any(there):
            _check(func, args, inputs, there)
            self.gpu.operations.add(func.overloadpacket)
        out = func(*args, **kwargs)
        if any(there) or (not inputs and self.gpu.place_of_new()):
            self.gpu.put(out)
        return out


def _check(func, args, inputs, there) -> None:
    """Refuse tensors on the CPU beside those on the GPU."""
    packet = func.overloadpacket
    free = {id(t) for t in _tensors(args[1])} if packet in _INDEXING else set()
    scalars = torch.Tag.pointwise in func.tags or packet in _SCALARS
    for tensor, on_gpu in zip(inputs, there, strict=True):
        scalar = tensor.dim() == 0 and scalars
        if not (on_gpu or scalar or id(tensor) in free):
            raise MixedDevicesError(
                f'{func}: a tensor {tuple(tensor.shape)} is on the CPU, '
                'another on the GPU'
            )


def _tensors(values) -> list[Tensor]:
    """All tensors in nested tuples, lists and dicts."""
    return [
        leaf for leaf in tree_flatten(values)[0] if isinstance(leaf, Tensor)
    ]


def _storage(tensor: Tensor):
    """What a tensor's values lie in."""
    if tensor.layout == torch.sparse_coo:
        return tensor._values().untyped_storage()
    if tensor.layout == torch.sparse_csr:
        return tensor.values().untyped_storage()
    return tensor.untyped_storage()


def _device(value) -> torch.device:
    """A device as asked for, the GPU by its index."""
    device = torch.device(value)
    return GPU if device.type == 'cuda' else device


def cpu_autocast(dtype: torch.dtype) -> torch.autocast:
    """Autocast on the CPU; skips where torch (below 2.2) has no such."""
    half = torch.autocast('cpu', dtype)
    try:
        half.__enter__()
    except RuntimeError as error:
        pytest.skip(str(error))
    half.__exit__(None, None, None)
    return half


@contextmanager
def pretended_autocast(monkeypatch, dtype: torch.dtype):
    """Half precision on the pretended GPU, by the CPU's rules of autocast."""
    real, half = torch.autocast, cpu_autocast(dtype)

    def autocast(device_type, *args, **kwargs):
        return real('cpu', *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch, 'autocast', autocast)
        patch.setattr(torch.cuda, 'is_bf16_supported', lambda *_: True)
        with half:
            yield
