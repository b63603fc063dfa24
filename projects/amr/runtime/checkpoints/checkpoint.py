"""Does a checkpoint belong to a model, and is a model worth saving?"""

import torch
from mmengine.logging import print_log
from torch import nn

from projects.amr.errors import CheckpointMismatchError, list_faults

# IRNet's displacement branch, which semantic masks never used.
RETIRED = ('displacement_head.',)


def compare_state(
    model: nn.Module, state: dict
) -> tuple[list[str], list[str], list[str]]:
    """Compare keys and shapes.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): State dict of a checkpoint.

    Returns:
        tuple[list[str], list[str], list[str]]: Keys missing in the
        checkpoint, keys unknown to the model, and shape differences.
    """
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


def drop_retired(model: nn.Module, state: dict, source: str) -> int:
    """Take weights out of a state dict that no model has any more.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): State dict of the checkpoint, changed.
        source (str): File name for the note in the log.

    Returns:
        int: Number of entries taken out.
    """
    unknown = compare_state(model, state)[1]
    retired = [key for key in unknown if key.startswith(RETIRED)]
    for key in retired:
        state.pop(key, None)
        state.pop(f'module.{key}', None)
    if retired:
        print_log(
            f'{source}: {len(retired)} weights of {RETIRED[0]}* are left out; '
            'masks do not depend on them',
            'current',
        )
    return len(retired)


def require_match(model: nn.Module, state: dict, source: str) -> None:
    """Refuse a checkpoint of another model.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): State dict of the checkpoint;
            :func:`drop_retired` is applied.
        source (str): File name for the message.

    Raises:
        CheckpointMismatchError: If a key or shape differs; the message
            lists them.
    """
    drop_retired(model, state, source)
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
    """Names of parameters and buffers that are not finite.

    Args:
        model (nn.Module): The model.

    Returns:
        list[str]: Parameters with nan or infinity, buffers with nan (masks
        of infinity are in use).
    """
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
    """A tensor's shape, or what stands in its place."""
    if isinstance(value, torch.Tensor):
        return str(tuple(value.shape))
    return type(value).__name__
