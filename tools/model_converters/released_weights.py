"""Weights of the released codes under this project's names.

Names of AffinityNet's, IRN's and SEAM's networks were read in their sources
(jiwoon-ahn/psa, jiwoon-ahn/irn, YudeWang/SEAM); of AMR's see
``released_amr.py``.
"""

import re
from collections.abc import Callable

from released_amr import (
    State,
    convert_amr,
    networks,
    prefix_of,
    renamed,
)
from torch import Tensor

from projects.amr.errors import DataError

_IRN_LAYERS = {
    f'fc_edge{i}': f'boundary_head.levels.{i - 1}' for i in range(1, 6)
}
_TAP = {'0': 'conv', '1': 'norm'}
_WIDE = re.compile(r'(conv1a|b[2-7](_\d)?|bn7)\..+')


def detect_kind(state: State) -> str:
    """Key of :data:`CONVERTERS` of a state dict; DataError if it has none."""
    stems = [key for key in state if key.endswith('layer1.0.conv1.weight')]
    resnets = {prefix_of(key) for key in stems}
    if 'fc_edge1.0.weight' in state:
        return 'irn'
    if 'conv1a.weight' in state:
        if 'f8_5.weight' in state:
            return 'affinitynet'
        return 'seam' if 'f9.weight' in state else 'wrn38'
    if len(networks(state)) == 2:
        return 'amr'
    if resnets and 'classifier.weight' in state:
        return 'cam'
    raise DataError(
        'no released network is known by these names: '
        f'{", ".join(list(state)[:3])}, ... ({len(state)} keys). Known: '
        f'{", ".join(CONVERTERS)}'
    )


def convert_cam(state: State) -> State:
    """IRN's, AdvCAM's and AMR's plain classifier (``net.resnet50_cam``)."""
    return {
        **renamed(state, 'resnet50', 'backbone'),
        'head.classifier.weight': state['classifier.weight'],
    }


def convert_irn(state: State) -> State:
    """IRNet (``net.resnet50_irn``), its boundary branch alone."""
    found = renamed(state, 'resnet50', 'backbone')
    for key, value in state.items():
        layer, _, rest = key.partition('.')
        number, _, name = rest.partition('.')
        if layer in _IRN_LAYERS and number in _TAP:
            found[f'{_IRN_LAYERS[layer]}.{_TAP[number]}.{name}'] = value
    for name in ('weight', 'bias'):
        found[f'boundary_head.classifier.{name}'] = state[f'fc_edge6.{name}']
    return found


def convert_wrn38(state: State) -> State:
    """AffinityNet's classifier (``network.resnet38_cls``)."""
    found = _wide_backbone(state)
    if 'fc8.weight' in state:
        found['head.classifier.weight'] = state['fc8.weight']
    return found


def convert_affinitynet(state: State) -> State:
    """AffinityNet (``network.resnet38_aff``)."""
    found = _wide_backbone(state)
    for level, name in enumerate(('f8_3', 'f8_4', 'f8_5')):
        found[f'head.levels.{level}.weight'] = state[f'{name}.weight']
    found['head.last.weight'] = state['f9.weight']
    return found


def convert_seam(state: State) -> State:
    """SEAM (``network.resnet38_SEAM``).

    Its classifier has a row for the background, which comes first and has no
    loss of its own; ours has none.
    """
    found = _wide_backbone(state)
    found['head.classifier.weight'] = state['fc8.weight'][1:]
    for level, name in enumerate(('f8_3', 'f8_4')):
        found[f'pcm.projections.{level}.weight'] = state[f'{name}.weight']
    found['pcm.embedding.weight'] = state['f9.weight']
    return found


CONVERTERS: dict[str, Callable[[State], State]] = {
    'cam': convert_cam,
    'irn': convert_irn,
    'amr': convert_amr,
    'wrn38': convert_wrn38,
    'affinitynet': convert_affinitynet,
    'seam': convert_seam,
}


def convert_weights(state: State, kind: str = 'auto') -> tuple[str, State]:
    """Rename a released state dict, see :data:`CONVERTERS`.

    ``state`` holds tensors by name as released; ``module.`` is stripped.
    ``kind`` is a key of :data:`CONVERTERS`, or 'auto'. Returns the kind, and
    the state dict under this project's names. Raises DataError if keys are
    missing or the kind is unknown.
    """
    state = {key.removeprefix('module.'): v for key, v in state.items()}
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError('not a state dict: some values are no tensors')
    kind = detect_kind(state) if kind == 'auto' else kind
    try:
        return kind, CONVERTERS[kind](state)
    except KeyError as error:
        raise DataError(
            f'not a released {kind} network: {error.args[0]} is missing'
        ) from None


def _wide_backbone(state: State) -> State:
    """A Wide-ResNet38's own parameters."""
    found = {
        f'backbone.{k}': v for k, v in state.items() if _WIDE.fullmatch(k)
    }
    if not found:
        raise KeyError('conv1a.weight')
    return found
