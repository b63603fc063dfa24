"""Contents of checkpoints, and how they fit a model."""

from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

from projects.amr.errors import CheckpointMismatchError, list_faults

_HISTORY = 'log_history'


def unwrap_model(model: nn.Module) -> nn.Module:
    """The model that checkpoints hold, without DDP's or TTA's wrappers."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


class StartsFromScratch:
    """Base of modules that no pretrained network has.

    Initial weights (``Pretrained``) need not hold their parameters.
    """


def compare_state(
    model: nn.Module, state: dict
) -> tuple[list[str], list[str], list[str]]:
    """Keys missing in a state dict, unknown to the model, of other shape."""
    own = model.state_dict()
    state = {key.removeprefix('module.'): v for key, v in state.items()}
    missing = [key for key in own if key not in state]
    unexpected = [key for key in state if key not in own]
    shapes = [
        f'{key}: checkpoint {_shape(state[key])}, model {_shape(own[key])}'
        for key in own
        if key in state and _shape(state[key]) != _shape(own[key])
    ]
    return missing, unexpected, shapes


def require_match(model: nn.Module, state: dict, source: str) -> None:
    """Refuse a checkpoint of another model (CheckpointMismatchError).

    The message lists keys and shapes that differ.
    """
    kinds = ('missing in the checkpoint', 'unknown to the model', 'shape')
    faults = [
        f'{kind}: {key}'
        for kind, keys in zip(kinds, compare_state(model, state), strict=True)
        for key in keys
    ]
    if faults:
        raise CheckpointMismatchError(
            f'{source} is not a checkpoint of this model '
            f'({type(model).__name__}):\n{list_faults(faults)}\n'
            'Give the config that it was trained with'
        )


@torch.no_grad()
def non_finite_names(model: torch.nn.Module) -> list[str]:
    """Parameters with nan or infinity, and buffers with nan."""
    bad = [
        name
        for name, value in model.named_parameters()
        if not bool(torch.isfinite(value).all())
    ]
    bad += [
        name
        for name, value in model.named_buffers()
        if value.is_floating_point() and bool(torch.isnan(value).any())
    ]
    return bad


def _shape(value) -> str:
    """A tensor's shape, or the type of another value."""
    if isinstance(value, torch.Tensor):
        return str(tuple(value.shape))
    return type(value).__name__


def to_plain(value):
    """Copy of nested values that ``torch.load(weights_only=True)`` reads.

    Numpy numbers become Python's, arrays tensors (of text: lists), log
    histories dicts of tensors, paths text, dicts of any kind plain ones.

    Example:
        >>> to_plain({'best': np.float32(0.5), 'kept': (1, 'a')})
        {'best': 0.5, 'kept': (1, 'a')}
    """
    if isinstance(value, HistoryBuffer):
        values, counts = value.data
        return {
            _HISTORY: torch.from_numpy(np.array(values, np.float64)),
            'counts': torch.from_numpy(np.array(counts, np.int64)),
            'max_length': int(value.max_length),
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        plain = value.dtype.kind in 'biuf'
        return torch.from_numpy(value.copy()) if plain else value.tolist()
    if type(value) in (list, tuple):
        return type(value)(to_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def restore_histories(scalars: dict) -> None:
    """Restore mmengine's log histories in a hub's log scalars, in place."""
    for name, value in scalars.items():
        if isinstance(value, dict) and _HISTORY in value:
            scalars[name] = HistoryBuffer(
                value[_HISTORY].cpu().numpy(),
                value['counts'].cpu().numpy(),
                value['max_length'],
            )
