"""Names of EfficientNet weights: of their files, and of the backbone here."""

import re

from torch import Tensor

_OUTER = {
    '_conv_stem': 'conv_stem',
    '_bn0': 'bn1',
    '_conv_head': 'conv_head',
    '_bn1': 'bn2',
    '_fc': 'classifier',
}
# The first block has no expansion, so its layers count differently.
_FIRST_BLOCK = {
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn1',
    '_project_conv': 'conv_pw',
    '_bn2': 'bn2',
}
_BLOCK = {
    '_expand_conv': 'conv_pw',
    '_bn0': 'bn1',
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn2',
    '_project_conv': 'conv_pwl',
    '_bn2': 'bn3',
}


def lite_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give EfficientNet weights the names of :class:`EfficientNetLite`.

    Known are timm's names (``blocks.0.1.conv_pw``) and those of files that
    count all blocks through (``_blocks.1._expand_conv``); there a stage begins
    where the output channels or the kernel size change. Weights of another
    network stay as they are.

    Example:
        >>> import torch
        >>> list(lite_names({'_conv_stem.weight': torch.zeros(1)}))
        ['conv_stem.weight']
    """
    if '_conv_stem.weight' in state:
        places = _stage_places(state)
        return {_renamed(key, places): state[key] for key in state}
    if 'conv_stem.weight' in state:
        return {
            re.sub(
                r'^blocks\.(\d+)', lambda m: f'stage{int(m[1]) + 1}', key
            ): value
            for key, value in state.items()
        }
    return state


def _stage_places(state: dict[str, Tensor]) -> list[tuple[int, int]]:
    """Find stage, from 1, and index within it of each block."""
    places: list[tuple[int, int]] = [(0, 0)]
    last = None
    while f'_blocks.{len(places) - 1}._project_conv.weight' in state:
        block = f'_blocks.{len(places) - 1}'
        kind = (
            len(state[f'{block}._project_conv.weight']),
            state[f'{block}._depthwise_conv.weight'].shape[-1],
        )
        stage, index = places[-1]
        places.append((stage, index + 1) if kind == last else (stage + 1, 0))
        last = kind
    return places[1:]


def _renamed(key: str, places: list[tuple[int, int]]) -> str:
    """Return the backbone's name of one tensor."""
    found = re.fullmatch(r'_blocks\.(\d+)\.(\w+)\.(\w+)', key)
    if found is None:
        layer, _, kind = key.partition('.')
        return f'{_OUTER.get(layer, layer)}.{kind}'
    number, layer, kind = int(found[1]), found[2], found[3]
    table = _BLOCK if number else _FIRST_BLOCK
    stage, index = places[number]
    return f'stage{stage}.{index}.{table.get(layer, layer)}.{kind}'
