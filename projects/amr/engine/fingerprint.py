"""Digests of what an output was made from."""

import hashlib
import json

import torch
from torch import nn


def config_digest(value) -> str:
    """SHA-256 of a config value, independent of the order of its keys.

    Args:
        value (Any): Nested dicts, lists and scalars.

    Returns:
        str: Hexadecimal digest.

    Example:
        >>> config_digest({'a': 1, 'b': 2}) == config_digest({'b': 2, 'a': 1})
        True
    """
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


@torch.no_grad()
def weights_digest(model: nn.Module) -> str:
    """SHA-256 of a model's parameters and buffers, names included.

    Args:
        model (nn.Module): The model, on any device.

    Returns:
        str: Hexadecimal digest.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f'{name}{tensor.dtype}{tuple(tensor.shape)}'.encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
