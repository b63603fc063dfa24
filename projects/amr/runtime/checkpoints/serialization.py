"""Checkpoints of tensors and plain values only."""

from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

_HISTORY = 'log_history'


def to_plain(value):
    """Replace numpy values and log histories, at any depth.

    ``torch.load(path, weights_only=True)`` then reads a checkpoint without
    being told of further types.

    Args:
        value (Any): Nested dicts, lists and tuples.

    Returns:
        Any: The like of it: numpy numbers as Python's, arrays as tensors
        (of text: as lists), log histories as dicts of tensors, paths as
        text, dicts of any kind as plain ones.

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
    """Turn log histories back into mmengine's, in place.

    Args:
        scalars (dict): A message hub's log scalars from a checkpoint.
    """
    for name, value in scalars.items():
        if isinstance(value, dict) and _HISTORY in value:
            scalars[name] = HistoryBuffer(
                value[_HISTORY].cpu().numpy(),
                value['counts'].cpu().numpy(),
                value['max_length'],
            )
