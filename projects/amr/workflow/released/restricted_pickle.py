"""Pickled ``.npy`` files of released code, without running what they name.

IRN, AffinityNet, SEAM, AdvCAM and AMR save CAMs and labels as a pickled dict
in an ``.npy`` file. Reading one with numpy runs whatever the pickle names;
here it may name arrays, tensors and builtin containers only.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy_format

from projects.amr.errors import DataError

_CONTAINERS = (set, frozenset, complex, bytearray, slice, range)
_CORES = ('numpy.core.multiarray', 'numpy._core.multiarray')


class RefusedPickleError(DataError):
    """A pickle names something that plain data do not need."""


def load_pickled_npy(path: str | Path):
    """The array of an ``.npy`` file, or its one pickled object.

    Raises RefusedPickleError if the pickle names another global, DataError if
    the file is missing, damaged or no ``.npy``.
    """
    path = Path(path)
    try:
        with path.open('rb') as file:
            major, _ = npy_format.read_magic(file)
            read = (
                npy_format.read_array_header_1_0
                if major == 1
                else npy_format.read_array_header_2_0
            )
            _, _, dtype = read(file)
            if not dtype.hasobject:
                return np.load(path, allow_pickle=False)
            value = _RestrictedUnpickler(file).load()
    except FileNotFoundError:
        raise DataError(f'file not found: {path}') from None
    except RefusedPickleError as error:
        raise RefusedPickleError(f'{path} {error}') from None
    except Exception as error:  # damaged pickles raise of all kinds
        raise DataError(
            f'{path} is no readable .npy file ({type(error).__name__}: '
            f'{error})'
        ) from None
    if isinstance(value, np.ndarray) and value.shape == ():
        return value.item()
    return value


class _RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that knows arrays, tensors and containers."""

    def find_class(self, module: str, name: str):
        """Look a global up in a fixed list."""
        if module == '__builtin__':  # of Python 2
            module = 'builtins'
        if (module, name) not in _ALLOWED:
            raise RefusedPickleError(
                f'refused: contains {module}.{name}, which unpickling would '
                'call, and no CAMs or labels need'
            )
        return _ALLOWED[module, name]


def _empty_array(kind, shape, code):
    """Begin an array as numpy's pickles do: empty, filled by its state."""
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise ValueError(f'array of an unusual start: {kind}, {shape}')
    return np.ndarray(0, code)


def _numpy_scalar(dtype, data=b''):
    """A numpy number from its bytes."""
    if dtype.hasobject:
        raise ValueError('a scalar of objects')
    return np.frombuffer(data, dtype, 1)[0]


def _encode(text: str, encoding: str = 'latin1') -> bytes:
    """Bytes in pickles of protocol 2."""
    return text.encode('latin1' if encoding == 'latin1' else 'ascii')


def _load_storage(data: bytes):
    """A tensor's storage, read with ``weights_only``."""
    return torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)


def _rebuild_tensor(storage, offset, size, stride, *_):
    """A tensor of a storage, without gradient or hooks."""
    if not isinstance(storage, torch.storage.TypedStorage):
        raise ValueError('a tensor without storage')
    tensor = torch.empty(0, dtype=storage.dtype)
    return tensor.set_(storage._untyped_storage, offset, size, stride)


_ALLOWED = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    ('collections', 'OrderedDict'): OrderedDict,
    ('_codecs', 'encode'): _encode,
    ('torch._utils', '_rebuild_tensor_v2'): _rebuild_tensor,
    ('torch.storage', '_load_from_bytes'): _load_storage,
    **{(core, '_reconstruct'): _empty_array for core in _CORES},
    **{(core, 'scalar'): _numpy_scalar for core in _CORES},
    **{('builtins', kind.__name__): kind for kind in _CONTAINERS},
}
