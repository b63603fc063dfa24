"""A training step of every model on a pretended GPU."""

import pytest
import torch
from gpu_cases import MODELS, batch, step, train_samples
from pretended_gpu import GPU, PretendedGPU
from pretended_gpu import pretended_autocast as autocast

aten = torch.ops.aten
# What a GPU refuses under ``randomness.deterministic=True``. Plain bilinear
# resizing torch replaces by itself.
NOT_DETERMINISTIC = {
    aten._adaptive_avg_pool2d_backward,
    aten._upsample_bicubic2d_aa_backward,
    aten._upsample_bilinear2d_aa_backward,
    aten.adaptive_max_pool2d_backward,
    aten.grid_sampler_2d_backward,
    aten.histc,
    aten.kthvalue,
    aten.median,
    aten.put_,
    aten.reflection_pad2d_backward,
    aten.replication_pad2d_backward,
    aten.scatter_reduce,
}


def trained_there(name):
    """Losses and gradients of a step on the GPU, brought back."""
    torch.manual_seed(0)
    model, samples = MODELS[name](), train_samples(name)
    with PretendedGPU() as gpu:
        model.to('cuda')
        losses, grads = step(model, samples)
        assert gpu.operations
        assert not gpu.operations & NOT_DETERMINISTIC
        assert {x.device for x in (*losses.values(), *grads.values())} == {GPU}
        return [{k: v.cpu() for k, v in x.items()} for x in (losses, grads)]


@pytest.mark.parametrize('name', MODELS)
def test_losses_and_gradients_are_those_of_the_cpu(name):
    torch.manual_seed(0)
    expected = step(MODELS[name](), train_samples(name))
    for found, want in zip(trained_there(name), expected, strict=True):
        assert want
        torch.testing.assert_close(found, want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('name', MODELS)
def test_half_precision_mixes_no_types(name, dtype, monkeypatch):
    torch.manual_seed(0)
    model, samples = MODELS[name](), train_samples(name)
    with PretendedGPU():
        model.to('cuda')
        data = model.data_preprocessor(batch(samples), True)
        with autocast(monkeypatch, dtype):
            losses = model(**data, mode='loss')
        for key, value in losses.items():
            assert value.dtype == torch.float32, key
        total, _ = model.parse_losses(losses)
        total.backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        assert {grad.dtype for grad in grads} == {torch.float32}
        assert all(bool(grad.isfinite().all()) for grad in grads)
