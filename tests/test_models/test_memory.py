from types import SimpleNamespace

import pytest
import torch
from torch import nn

from projects.amr.errors import MemoryExhaustedError
from projects.amr.models import memory
from projects.amr.models.memory import (
    is_out_of_memory,
    moved,
    on_gpu,
    peak_memory,
    retry_in_less_memory,
)


def scarce(attempts):
    """A method on a module that fits at the given attempt (from 1 on)."""
    calls = []

    class Network(nn.Linear):
        @retry_in_less_memory(lambda x: f'maps of {len(x)}', 'Lower x')
        def compute(self, x, in_parts=False):
            calls.append((in_parts, str(self.weight.device)))
            if len(calls) < attempts:
                raise torch.cuda.OutOfMemoryError('CUDA out of memory')
            return self(x)

    return Network(2, 2), calls


@pytest.mark.parametrize('attempts', [1, 2])
def test_the_first_way_that_fits_is_taken(attempts):
    network, calls = scarce(attempts)
    x = torch.rand(3, 2)
    torch.testing.assert_close(network.compute(x), network(x))
    assert calls == [(False, 'cpu'), (True, 'cpu')][:attempts]


def test_nothing_fits():
    network, calls = scarce(9)
    with pytest.raises(MemoryExhaustedError, match=r'maps of 3.*Lower x'):
        network.compute(torch.rand(3, 2))
    assert len(calls) == 2


def test_other_errors_are_not_retried():
    network, calls = scarce(1)
    with pytest.raises(RuntimeError, match='shape'):
        network.compute(torch.rand(3, 5))
    assert len(calls) == 1


def test_the_cpu_is_a_way_only_from_elsewhere(monkeypatch):
    network, calls = scarce(3)
    assert not on_gpu(network)
    assert on_gpu(nn.Linear(1, 1, device='meta'))
    monkeypatch.setattr(memory, 'on_gpu', lambda _: True)
    network.compute(torch.rand(3, 2))
    assert [in_parts for in_parts, _ in calls] == [False, True, True]


def test_a_network_comes_home_after_an_error(monkeypatch):
    network, _ = scarce(9)
    homes = []
    monkeypatch.setattr(memory, 'on_gpu', lambda _: True)
    monkeypatch.setattr(network, 'to', lambda d: homes.append(str(d)))
    with pytest.raises(MemoryExhaustedError):
        network.compute(torch.rand(3, 2))
    assert homes == ['cpu', 'cpu']


def test_containers_are_moved_and_networks_are_not():
    layer, x = nn.Linear(1, 1), torch.ones(2)
    got = moved(([x, None], {'a': x}, layer, 'b'), 'meta')
    assert [got[0][0].device.type, got[1]['a'].device.type] == ['meta'] * 2
    assert got[0][1] is None
    assert got[2:] == (layer, 'b')
    assert layer.weight.device.type == 'cpu'


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
