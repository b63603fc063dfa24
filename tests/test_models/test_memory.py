from types import SimpleNamespace

import pytest
import torch
from torch import nn

from projects.amr.errors import MemoryExhaustedError
from projects.amr.models.memory import (
    cpu_way,
    first_that_fits,
    is_out_of_memory,
    join_parts,
    moved_to,
    peak_memory,
)


def exhausted():
    raise torch.OutOfMemoryError('CUDA out of memory')


class Elsewhere(nn.Linear):
    """A layer that says it is on a GPU until it is moved to the CPU."""

    def __init__(self):
        super().__init__(2, 2)
        self.moves = []

    def parameters(self, recurse=True):
        home = 'cpu' if self.moves[-1:] == ['cpu'] else 'cuda:0'
        yield Double(home)

    def to(self, device):
        self.moves.append(str(device))
        return self


class Double:
    """A parameter of which only the device is asked for."""

    def __init__(self, device):
        self.device = torch.device(device)


def test_the_first_way_that_fits_is_taken(caplog):
    ways = [('a', exhausted), ('in parts', exhausted), ('c', lambda: 7)]
    assert first_that_fits(ways, 'maps', 'Lower x') == 7
    assert first_that_fits([('a', lambda: 3), *ways], 'maps', '') == 3


def test_nothing_fits():
    with pytest.raises(MemoryExhaustedError, match=r'maps.*Lower x') as error:
        first_that_fits([('a', exhausted)] * 2, 'maps', 'Lower x')
    assert error.value.exit_code == 2


def test_other_errors_are_not_retried():
    calls = []

    def broken():
        calls.append(1)
        raise RuntimeError('shape mismatch')

    with pytest.raises(RuntimeError, match='shape'):
        first_that_fits([('a', broken), ('b', broken)], '', '')
    assert calls == [1]


def test_exhaustion_of_the_cpu_counts_too():
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(error.value)
    assert not is_out_of_memory(ValueError('out of memory'))


@pytest.mark.parametrize(
    'message',
    [
        'CUDA error: out of memory',
        'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`',
        'cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED',
        'CUDA error: CUSPARSE_STATUS_INSUFFICIENT_RESOURCES when calling',
    ],
)
def test_exhaustion_in_a_library_of_the_gpu_counts_too(message):
    assert is_out_of_memory(RuntimeError(message))
    assert not is_out_of_memory(KeyError(message))
    broken = RuntimeError('CUDA error: an illegal memory access')
    assert not is_out_of_memory(broken)


def test_the_peak_is_that_of_the_rank_s_own_gpu(monkeypatch):
    sizes = [SimpleNamespace(total_memory=g * 2**30) for g in (16, 80)]
    peaks = [1 * 2**30, 60 * 2**30]
    for name, value in {
        'is_available': lambda: True,
        'is_initialized': lambda: False,
        'current_device': lambda: 1,
        'max_memory_allocated': peaks.__getitem__,
        'get_device_properties': sizes.__getitem__,
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    assert peak_memory() == ''  # there is one, which is not in use
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: True)
    assert peak_memory() == ' (peak 60.0 of 80.0 GiB)'


def test_the_cpu_is_a_way_only_from_elsewhere():
    assert cpu_way(nn.Linear(1, 1), exhausted) == []
    assert cpu_way(nn.Identity(), exhausted) == []
    layer = Elsewhere()
    ((name, compute),) = cpu_way(layer, lambda: list(layer.moves))
    assert 'CPU' in name
    assert compute() == ['cpu']
    assert layer.moves == ['cpu', 'cuda:0']


def test_a_module_comes_home_after_an_error():
    layer = Elsewhere()
    with pytest.raises(MemoryError), moved_to(layer, 'cpu'):
        raise MemoryError
    assert layer.moves == ['cpu', 'cuda:0']


def test_parts_of_any_structure_are_joined():
    part = ({'a': torch.ones(1, 2)}, torch.zeros(1))
    cams, logits = join_parts([part, part, part])
    assert cams['a'].shape == (3, 2)
    assert logits.shape == (3,)
