"""Checks of ``gpu_check.py``: values on a device against those of the CPU.

Each check is one row: ``name``, ``error`` (largest absolute difference to
the CPU's values, as a share of their largest magnitude), ``bound``, and what
was timed. A row fails if its error is above the bound or not finite.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import measuring
import stage_cases
import torch
from mmengine.runner import set_random_seed
from torch import Tensor

from projects.amr.models.losses.affinity_loss import affinity_loss
from projects.amr.ops.affinity import pairwise_affinity, path_max
from projects.amr.ops.affinity_labels import affinity_labels
from projects.amr.ops.cam import (
    cam_to_label,
    erase_peaks,
    normalize_cam,
    weighted_cam,
)
from projects.amr.ops.modulation import (
    gaussian_modulation,
    threshold_modulation,
)
from projects.amr.ops.pixel_correlation import pixel_correlation
from projects.amr.ops.random_walk import random_walk

Row = dict[str, Any]
# float32 sums in another order; walks of 256 steps; bfloat16 has 8 bits.
FLOAT32, WALKED, TRAINED, HALF = 1e-5, 1e-4, 1e-3, 0.05


def difference(got: Tensor, expected: Tensor) -> float:
    """Largest difference as a share of the largest expected magnitude."""
    got, expected = got.detach().cpu().double(), expected.detach().double()
    scale = expected.abs().max().clamp(min=1e-12)
    return float((got - expected).abs().max() / scale)


def _inputs(side: int) -> dict[str, Tensor]:
    """Smooth maps, sparse boundaries, seeds and features, float32."""
    make = torch.Generator().manual_seed(0)

    def smooth(channels: int) -> Tensor:
        noise = torch.rand(1, channels, 6, 8, generator=make)
        size = (side, side + 7)
        grown = torch.nn.functional.interpolate(noise, size, mode='bicubic')
        return grown[0].clamp(0, 1)

    boundary = smooth(1)[0] ** 4
    seed = (3 * smooth(1)[0]).long()
    seed[::5] = 255
    return dict(
        cam=smooth(2),
        other=smooth(2),
        boundary=boundary,
        seed=seed,
        features=smooth(8),
    )


def _gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Gradient of the sum of a function's values, one vector."""
    at = at.detach().clone().requires_grad_()
    function(at).sum().backward()
    return at.grad


def op_cases() -> dict[str, tuple[Callable[[dict], Tensor], float]]:
    """Ops by name: a function of :func:`_inputs`, and the bound."""

    def affinity_objective(boundary: Tensor, seed: Tensor) -> Tensor:
        affinity = pairwise_affinity(boundary[None], 5)
        return torch.stack(
            affinity_loss(affinity, affinity_labels(seed[None], 5))
        )

    def walk(solver: str, dtype=torch.float32):
        return lambda x: random_walk(
            x['cam'].to(dtype), x['boundary'].to(dtype), solver=solver
        )

    def correlation(x: dict) -> Tensor:
        return pixel_correlation(x['cam'][None], x['features'][None])

    return {
        'random_walk, auto': (walk('auto'), WALKED),
        'random_walk, sparse': (walk('sparse'), WALKED),
        'random_walk, chebyshev': (walk('chebyshev'), WALKED),
        'random_walk, float64': (walk('auto', torch.float64), WALKED),
        'path_max': (lambda x: path_max(x['boundary'], 5), 0.0),
        'path_max, gradient': (
            lambda x: _gradient(lambda b: path_max(b, 5), x['boundary']),
            FLOAT32,
        ),
        'affinity loss': (
            lambda x: affinity_objective(x['boundary'], x['seed']),
            FLOAT32,
        ),
        'affinity loss, gradient': (
            lambda x: _gradient(
                lambda b: affinity_objective(b, x['seed']), x['boundary']
            ),
            FLOAT32,
        ),
        'gaussian modulation': (
            lambda x: gaussian_modulation(x['features'][None]),
            FLOAT32,
        ),
        'threshold modulation': (
            lambda x: threshold_modulation(x['features'][None]),
            FLOAT32,
        ),
        'pixel correlation': (correlation, FLOAT32),
        'weighted CAM': (
            lambda x: weighted_cam(x['cam'], x['other'], 0.5),
            FLOAT32,
        ),
        'erasing': (
            lambda x: erase_peaks(
                x['features'][None],
                x['cam'][None],
                torch.ones(1, 2, device=x['cam'].device),
                0.3,
            ),
            FLOAT32,
        ),
        'labels': (
            lambda x: cam_to_label(
                normalize_cam(x['cam']),
                torch.tensor([3, 7], device=x['cam'].device),
                (91, 97),
                0.2,
            ).float(),
            0.0,
        ),
    }


def check_ops(options: Namespace) -> list[Row]:
    """Every op on the device and on the CPU, with the device's time."""
    inputs = _inputs(33 if options.short else 94)
    there = {k: v.to(options.device) for k, v in inputs.items()}
    rows = []
    for name, (function, bound) in op_cases().items():
        expected = function(inputs)
        error = difference(function(there), expected)
        rows.append(dict(name=name, error=error, bound=bound))
        rows[-1]['ms'] = 1000 * _seconds(lambda f=function: f(there), options)
    return rows


def _seconds(call: Callable[[], object], options: Namespace) -> float:
    """Least time of some calls, after those that were made before."""
    least = float('inf')
    for _ in range(options.repeats):
        measuring.wait(options.device)
        start = time.perf_counter()
        call()
        measuring.wait(options.device)
        least = min(least, time.perf_counter() - start)
    return least


def _stage_options(options: Namespace, device: str) -> Namespace:
    """Inputs of ``stage_cases``, for another device."""
    return Namespace(**{**vars(options), 'device': device})


def _one_step(parts: dict, seed: int = 1) -> Tensor:
    """Loss of a training step, the same crops each time."""
    set_random_seed(seed)  # crops and flips
    batch = parts['data'](None)
    torch.manual_seed(seed)  # dropout
    loss = parts['forward'](batch)
    parts['backward'](loss)
    return loss.detach()


def check_steps(options: Namespace) -> list[Row]:
    """A step of each training in float32 and bfloat16, with its costs."""
    rows = []
    for stage in stage_cases.CONFIGS:
        here = stage_cases.training(stage, _stage_options(options, 'cpu'))
        expected = _one_step(here)
        parts = stage_cases.training(stage, options)
        rows += [
            _step_row(f'{stage}, {name}', parts, expected, options, half)
            for name, half in (('float32', False), ('bfloat16', True))
        ]
    return rows


def _step_row(name, parts, expected, options, half: bool) -> Row:
    """Error, time and memory of a step."""

    def step() -> Tensor:
        with torch.autocast(options.device, torch.bfloat16, enabled=half):
            return _one_step(parts)

    error = difference(step(), expected)
    peak = measuring.peak_of(step, options.device)
    return dict(
        name=name,
        error=error,
        bound=HALF if half else TRAINED,
        ms=1000 * _seconds(step, options),
        peak_mib=peak / 2**20,
    )


def check_cams(options: Namespace) -> list[Row]:
    """CAM records of the plain and the adversarial way."""
    ways = {
        'CAM records': {},
        'AdvCAM records': dict(type='AdvCAM', num_steps=2),
    }
    return [_cam_row(*way, options) for way in ways.items()]


def _cam_row(name: str, test_cfg: dict, options: Namespace) -> Row:
    """Records of two images, on the device and on the CPU."""
    made = []
    for device in ('cpu', options.device):
        own = _stage_options(options, device)
        model, load = stage_cases.build(
            'classifier', own, 'test', {'model.test_cfg': test_cfg}
        )
        torch.manual_seed(1)
        samples = model.test_step(load(None))
        made.append([_maps(sample) for sample in samples])
    errors = [difference(b, a) for a, b in zip(*made, strict=True)]
    seconds = _seconds(lambda: model.test_step(load(None)), options)
    return dict(
        name=name,
        error=max(errors),
        bound=TRAINED,
        ms=1000 * seconds / len(samples),
    )


def _maps(sample) -> Tensor:
    """Final maps of a sample, on the CPU."""
    return torch.as_tensor(sample.pred_cam.get(sample.pred_cam.final)).cpu()


def check_compile(options: Namespace) -> list[Row]:
    """Each network's features with ``torch.compile`` beside without."""
    rows = []
    for stage in stage_cases.CONFIGS:
        model, load = stage_cases.build(stage, options, 'test')
        model.eval()
        images = model.data_preprocessor(load(None), False)['inputs']
        images = torch.stack(list(images))
        backbone = _backbone(model)
        with torch.no_grad():
            expected = backbone(images)[-1].cpu()
            plain = _seconds(lambda f=backbone: f(images), options)  # noqa: B023
            torch._dynamo.reset()  # each network its own graph
            compiled = torch.compile(backbone)
            start = time.perf_counter()
            error = difference(compiled(images)[-1], expected)
            first = time.perf_counter() - start
            fast = _seconds(lambda f=compiled: f(images), options)  # noqa: B023
        rows.append(
            dict(
                name=f'{stage} backbone',
                error=error,
                bound=TRAINED,
                ms=1000 * fast,
                ms_plain=1000 * plain,
                compile_s=first,
            )
        )
    return rows


def _backbone(model) -> torch.nn.Module:
    """First backbone of a model: that of the spotlight, if it has two."""
    return next(
        module
        for name, module in model.named_modules()
        if name.split('.')[-1] == 'backbone'
    )


CHECKS = dict(
    ops=check_ops, steps=check_steps, cams=check_cams, compile=check_compile
)
