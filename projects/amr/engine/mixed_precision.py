"""Automatic mixed precision: what ``tools/train.py --amp`` means here."""

from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn

from projects.amr.cpu import computes_bfloat16
from projects.amr.errors import UserError

AMP_TYPES = ('auto', 'bf16', 'fp16')
PLAIN, BF16, FP16 = (
    'OptimWrapper',
    'BFloat16OptimWrapper',
    'AmpOptimWrapper',
)
# The first NVIDIA GPUs that compute in bfloat16 themselves (Ampere).
BF16_CAPABILITY = 8


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes under autocast to bfloat16, on a CPU or a GPU.

    Weights, gradients and the optimiser's state stay float32. bfloat16 has
    the range of float32, so there is no loss scale, as mmengine's
    AmpOptimWrapper has; that one refuses a CPU. Its checkpoints are those of
    a plain OptimWrapper, and so either resumes from the other's.

    Takes the arguments of :class:`mmengine.optim.OptimWrapper`.
    """

    @contextmanager
    def optim_context(self, model: nn.Module):
        """Enter the wrapper's own context, and autocast on its device."""
        device = next(model.parameters()).device.type
        half = autocast(device_type=device, dtype=torch.bfloat16)
        with super().optim_context(model), half:
            yield


def use_amp(cfg: Config, wanted: str) -> None:
    """Set the optimiser's wrapper for mixed precision, in place.

    ``'auto'`` is bfloat16 on a GPU that computes in it, else float16; a config
    that already asks for one of them keeps it. Raises UserError if there is no
    GPU (but for ``'bf16'``), or the config has an optimiser wrapper of another
    kind.
    """
    has = cfg.optim_wrapper.get('type', PLAIN)
    if has not in (PLAIN, BF16, FP16):
        raise UserError(
            f'--amp needs optim_wrapper.type {PLAIN}, {BF16} or {FP16}, got '
            f'{has}'
        )
    if wanted != 'bf16' and get_device() == 'cpu':
        raise UserError(
            f'--amp{"" if wanted == "auto" else " fp16"} needs a GPU, and '
            'there is none here. --amp bf16 works on a CPU that has bfloat16 '
            'instructions'
        )
    if wanted == 'auto':
        if has != PLAIN:
            return
        wanted = _best_type()
    for key in ('loss_scale', 'dtype', 'use_fsdp'):
        cfg.optim_wrapper.pop(key, None)
    cfg.optim_wrapper.type = BF16 if wanted == 'bf16' else FP16
    if wanted == 'fp16':
        cfg.optim_wrapper.loss_scale = 'dynamic'


def settle_half(cfg: Config) -> None:
    """Compute in float32 where half precision would only be slow.

    That is on a CPU without instructions for it; ``emulate_half=True`` in the
    config keeps half precision there. ``optim_wrapper`` of a training in
    bfloat16 and ``fp16`` of validation and test change.
    """
    if get_device() != 'cpu' or computes_bfloat16() or cfg.get('emulate_half'):
        return
    found = []
    if (cfg.get('optim_wrapper') or {}).get('type') == BF16:
        cfg.optim_wrapper.type = PLAIN
        found.append(f'optim_wrapper.type={BF16}')
    for name in ('val_cfg', 'test_cfg'):
        if (cfg.get(name) or {}).get('fp16'):
            cfg[name].fp16 = False
            found.append(f'{name}.fp16=True')
    if found:
        print_log(
            f'This processor only emulates bfloat16: float32 instead of '
            f'{", ".join(found)} (emulate_half=True keeps that)',
            'current',
        )


def _best_type() -> str:
    """Half precision that this GPU is made for."""
    if not torch.cuda.is_available():  # another kind of accelerator
        return 'fp16'
    capability = torch.cuda.get_device_capability()
    return 'bf16' if capability[0] >= BF16_CAPABILITY else 'fp16'


def lone_amp(words: list[str]) -> list[str]:
    """Let ``--amp`` stand alone before any other word, as in mmseg.

    It becomes ``--amp=auto`` where no type follows.

    Example:
        >>> lone_amp(['--amp', 'config.py', '--amp', 'bf16'])
        ['--amp=auto', 'config.py', '--amp', 'bf16']
        >>> lone_amp([])
        []
    """
    following = [*words[1:], '']
    return [
        '--amp=auto' if word == '--amp' and after not in AMP_TYPES else word
        for word, after in zip(words, following, strict=False)
    ]
