"""What the pretended GPU accepts and refuses, as a real one does."""

import pytest
import torch
from pretended_gpu import GPU, MixedDevicesError, PretendedGPU
from torch import nn


@pytest.fixture
def there():
    """A vector on the pretended GPU."""
    with PretendedGPU():
        yield torch.tensor([0.5, 2.0, 1.0], device='cuda')


@pytest.mark.parametrize(
    'make',
    [
        lambda x: x + 1,
        lambda x: x[x > 1],
        lambda x: x[torch.tensor([2, 0])],  # indices may come from the CPU
        lambda x: x * torch.tensor(2.0),  # so may scalars
        lambda x: torch.where(x > 1, x, 0.0),
        lambda x: torch.zeros(2, device=x.device),
        lambda x: torch.arange(2, device='cuda'),
        lambda x: torch.as_tensor([1.0], device='cuda'),
        lambda x: x.new_ones(2),
        lambda x: torch.rand(2).to(x),
        lambda x: torch.rand(2).to('cuda', torch.float64),
        lambda x: torch.rand(2).cuda(),
        lambda x: x.double().nonzero(),
        lambda x: x.view(3, 1).expand(3, 2).flatten(),
        lambda x: torch.sparse_coo_tensor(
            torch.zeros(1, 3, dtype=torch.long, device='cuda'), x, (4,)
        ).to_dense(),
        lambda x: torch.empty(3, device='cuda').copy_(torch.rand(3)),
    ],
)
def test_results_stay_there(there, make):
    made = make(there)
    assert made.device == GPU
    assert made.is_cuda
    assert not made.is_cpu


@pytest.mark.parametrize(
    'mixed',
    [
        lambda x: x + torch.ones(3),
        lambda x: torch.ones(3)[x.long()],
        lambda x: torch.cat([x, torch.ones(1)]),
        lambda x: torch.stack([x.sum(), torch.tensor(1.0)]),
        lambda x: x.new_ones(2, 3) @ torch.ones(3),
        lambda x: torch.bucketize(x, torch.ones(3)),
        lambda x: torch.zeros(3).add_(x),
        lambda x: torch.gather(x, 0, torch.zeros(1, dtype=torch.long)),
        lambda x: nn.Conv1d(1, 1, 1)(x[None, None]),
    ],
)
def test_mixed_devices_are_refused(there, mixed):
    with pytest.raises(MixedDevicesError, match='on the CPU'):
        mixed(there)


def test_modules_move_train_and_come_back(there):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(MixedDevicesError):
        net(torch.rand(2, 3, device='cuda'))
    net.to('cuda')
    assert {p.device for p in net.parameters()} == {GPU}
    assert {b.device for b in net.buffers()} == {GPU}
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        net(torch.rand(2, 3, device='cuda')).sum().backward()
        assert net[0].weight.grad.device == GPU
        optimizer.step()
    assert {p.device for p in net.cpu().parameters()} == {torch.device('cpu')}
    net(torch.rand(2, 3))
