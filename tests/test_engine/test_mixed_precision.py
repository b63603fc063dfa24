"""bfloat16 training: the wrapper, what --amp sets, and what stays float32."""

import pytest
import torch
from affinity_configs import affinity_net, irnet, seeded
from mmengine.config import Config, ConfigDict
from mmseg.registry import OPTIM_WRAPPERS
from mmseg.structures import SegDataSample
from runner_configs import tiny_config
from segmentor_configs import labelled, segmentor_config
from tool_process import run_tool_process
from torch import nn

from model_configs import amr, build, seam
from projects.amr.engine import BFloat16OptimWrapper, mixed_precision
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


def test_seam_s_losses_are_finite_and_in_float32():
    """Values differ: a thin network, its norms on a batch of two."""
    model = build(seam())
    losses, grad = losses_of(model, weakly_labelled(), 'BFloat16OptimWrapper')
    assert set(losses) == {'loss_cls', 'loss_min', 'loss_er', 'loss_ecr'}
    for key, value in losses.items():
        assert value.dtype == torch.float32, key
        assert value.isfinite(), key
    assert grad.isfinite().all()


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


def test_amp_leaves_or_replaces_what_the_config_has(gpu):
    gpu(9)
    cfg = config('AmpOptimWrapper', loss_scale=512.0)
    use_amp(cfg, 'auto')
    assert cfg.optim_wrapper.loss_scale == 512.0
    use_amp(cfg, 'bf16')
    assert cfg.optim_wrapper.type == 'BFloat16OptimWrapper'
    assert isinstance(
        OPTIM_WRAPPERS.build(
            cfg.optim_wrapper
            | ConfigDict(
                optimizer=torch.optim.SGD(nn.Linear(1, 1).parameters())
            )
        ),
        BFloat16OptimWrapper,
    )


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


def test_train_tool_trains_in_bfloat16_on_a_cpu(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.pop('work_dir')
    cfg.dump(tmp_path / 'tiny.py')
    text = run_tool_process(
        *('train.py', '--amp', 'bf16', 'tiny.py'),
        *('--cfg-options', 'emulate_half=True'),
        cwd=tmp_path,
    )
    assert "type='BFloat16OptimWrapper'" in text
    state = torch.load(tmp_path / 'work_dirs/tiny/epoch_1.pth')
    for name, value in state['state_dict'].items():
        assert value.dtype != torch.bfloat16, name
        assert value.isfinite().all(), name
