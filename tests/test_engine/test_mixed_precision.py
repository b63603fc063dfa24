"""bfloat16 training: the wrapper, what --amp sets, and what stays float32."""

import pytest
import torch
from affinity_configs import affinity_net, irnet, seeded
from mmengine.config import Config
from mmseg.registry import OPTIM_WRAPPERS
from mmseg.structures import SegDataSample
from segmentor_configs import labelled, segmentor_config
from torch import nn

from model_configs import amr, build
from projects.amr.engine import mixed_precision
from projects.amr.engine.mixed_precision import (
    settle_half,
    use_amp,
)
from projects.amr.errors import UserError

LOSSES = {
    'amr': lambda: (build(amr()), weakly_labelled()),
    'irnet': lambda: (irnet(True), seeded()),
    'affinity_net': lambda: (affinity_net(True), seeded()),
    'deeplab': lambda: (build(segmentor_config()), labelled()),
}


def weakly_labelled():
    samples = [SegDataSample(), SegDataSample()]
    samples[0].gt_label = torch.tensor([1.0, 0.0, 1.0])
    samples[1].gt_label = torch.tensor([0.0, 1.0, 0.0])
    return samples


def wrapped(model, kind='BFloat16OptimWrapper', **changes):
    config = {
        'type': kind,
        'optimizer': torch.optim.SGD(model.parameters(), 0.1, momentum=0.9),
        **changes,
    }
    return OPTIM_WRAPPERS.build(config)


def losses_of(model, samples, kind):
    """Losses under a wrapper, and all gradients in one vector."""
    torch.manual_seed(1)
    inputs = torch.randn(2, 3, 33, 47)
    with wrapped(model, kind).optim_context(model):
        losses = model(inputs, samples, mode='loss')
    losses = {k: v for k, v in losses.items() if 'loss' in k}
    model.zero_grad()
    sum(losses.values()).backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return losses, torch.cat([grad.flatten() for grad in grads])


@pytest.mark.parametrize('name', LOSSES)
def test_losses_and_gradients_are_those_of_float32_to_a_few_percent(name):
    model, samples = LOSSES[name]()
    plain, plain_grad = losses_of(model, samples, 'OptimWrapper')
    half, grad = losses_of(model, samples, 'BFloat16OptimWrapper')
    assert plain.keys() == half.keys()
    for key, value in half.items():
        assert value.dtype == torch.float32, key
        torch.testing.assert_close(value, plain[key], rtol=0.05, atol=0.01)
    assert any(not torch.equal(half[key], plain[key]) for key in half)
    assert grad.dtype == torch.float32
    assert grad.isfinite().all()
    assert torch.cosine_similarity(grad, plain_grad, 0) > 0.95


def test_only_the_context_is_half():
    model = nn.Linear(3, 2)
    wrapper = wrapped(model)
    with wrapper.optim_context(model):
        out = model(torch.ones(1, 3))
    assert out.dtype == torch.bfloat16
    assert model(torch.ones(1, 3)).dtype == torch.float32
    before = model.weight.clone()
    wrapper.update_params(out.float().sum())
    # d out / d weight is 1, exactly, and the step 0.1 in float32.
    torch.testing.assert_close(model.weight, before - 0.1, rtol=0, atol=1e-7)


def config(kind='OptimWrapper', **more):
    optimizer = {'type': 'SGD', 'lr': 0.1}
    return Config(
        {'optim_wrapper': dict(type=kind, optimizer=optimizer, **more)}
    )


@pytest.fixture
def gpu(monkeypatch):
    """Pretend to have a GPU of some compute capability."""

    def _gpu(major):
        monkeypatch.setattr(mixed_precision, 'get_device', lambda: 'cuda')
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
        monkeypatch.setattr(
            torch.cuda, 'get_device_capability', lambda: (major, 0)
        )

    return _gpu


@pytest.mark.parametrize(
    ('major', 'wanted', 'kind'),
    [
        (9, 'auto', 'BFloat16OptimWrapper'),
        (8, 'auto', 'BFloat16OptimWrapper'),
        (7, 'auto', 'AmpOptimWrapper'),
        (9, 'fp16', 'AmpOptimWrapper'),
        (7, 'bf16', 'BFloat16OptimWrapper'),
    ],
)
def test_amp_takes_what_the_gpu_is_made_for(gpu, major, wanted, kind):
    gpu(major)
    cfg = config()
    use_amp(cfg, wanted)
    assert cfg.optim_wrapper.type == kind
    scale = cfg.optim_wrapper.get('loss_scale')
    assert scale == ('dynamic' if kind == 'AmpOptimWrapper' else None)
    assert cfg.optim_wrapper.optimizer.lr == 0.1


def test_without_a_gpu_the_error_says_what_is_possible(monkeypatch):
    monkeypatch.setattr(mixed_precision, 'get_device', lambda: 'cpu')
    for wanted in ('auto', 'fp16'):
        with pytest.raises(UserError, match='--amp bf16 works on a CPU'):
            use_amp(config(), wanted)
    with pytest.raises(UserError, match='ApexOptimWrapper'):
        use_amp(config('ApexOptimWrapper'), 'bf16')
    cfg = config()
    use_amp(cfg, 'bf16')
    assert cfg.optim_wrapper.type == 'BFloat16OptimWrapper'


@pytest.mark.parametrize(
    ('device', 'native', 'options', 'half'),
    [
        ('cpu', False, {}, False),
        ('cpu', False, {'emulate_half': True}, True),
        ('cpu', True, {}, True),
        ('cuda', False, {}, True),
    ],
)
def test_half_precision_is_not_emulated(
    device, native, options, half, monkeypatch
):
    monkeypatch.setattr(mixed_precision, 'get_device', lambda: device)
    monkeypatch.setattr(mixed_precision, 'computes_bfloat16', lambda: native)
    lines = []
    monkeypatch.setattr(
        mixed_precision, 'print_log', lambda text, _: lines.append(text)
    )
    cfg = config('BFloat16OptimWrapper')
    cfg.merge_from_dict({'test_cfg.fp16': True, 'val_cfg': None, **options})
    settle_half(cfg)
    kind = 'BFloat16OptimWrapper' if half else 'OptimWrapper'
    assert cfg.optim_wrapper.type == kind
    assert cfg.optim_wrapper.optimizer.lr == 0.1
    assert cfg.test_cfg.fp16 == half
    assert len(lines) == (not half)
    settle_half(cfg)
    settle_half(config())
    assert len(lines) == (not half)
