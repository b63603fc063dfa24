"""Weights of the released codes under this project's names.

Names of AffinityNet's, IRN's and SEAM's networks were read in their sources
(jiwoon-ahn/psa, jiwoon-ahn/irn, YudeWang/SEAM). AMR's own file was not at
hand: its two ResNets and their attention modules are told by structure and
shape, so other module names are no matter as long as they can be told.
"""

import re
from collections.abc import Callable

from torch import Tensor

from projects.amr.errors import DataError

State = dict[str, Tensor]
_BLOCK = re.compile(
    r'(conv1|bn1|layer\d\.\d+\.(conv\d|bn\d|downsample\.\d))\.\w+'
)
_IRN_LAYERS = {
    **{f'fc_edge{i}': f'boundary_head.levels.{i - 1}' for i in range(1, 6)},
    **{f'fc_dp{i}': f'displacement_head.levels.{i - 1}' for i in range(1, 6)},
    'fc_dp6': 'displacement_head.merge',
    'fc_dp7': 'displacement_head.join',
}
_TAP = {'0': 'conv', '1': 'norm'}
_WIDE = re.compile(r'(conv1a|b[2-7](_\d)?|bn7)\..+')


def detect_kind(state: State) -> str:
    """Which released network a state dict belongs to.

    Args:
        state (dict[str, Tensor]): The state dict.

    Returns:
        str: A key of :data:`CONVERTERS`.

    Raises:
        DataError: If it is none of them.
    """
    stems = [key for key in state if key.endswith('layer1.0.conv1.weight')]
    resnets = {_prefix_of(key) for key in stems}
    if 'fc_edge1.0.weight' in state:
        return 'irn'
    if 'conv1a.weight' in state:
        if 'f8_5.weight' in state:
            return 'affinitynet'
        return 'seam' if 'f9.weight' in state else 'wrn38'
    if len(_networks(state)) == 2:
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
        **_renamed(state, 'resnet50', 'backbone'),
        'head.classifier.weight': state['classifier.weight'],
    }


def convert_irn(state: State) -> State:
    """IRNet (``net.resnet50_irn``), path indices left out."""
    found = _renamed(state, 'resnet50', 'backbone')
    for key, value in state.items():
        layer, _, rest = key.partition('.')
        number, _, name = rest.partition('.')
        if layer in _IRN_LAYERS and number in _TAP:
            found[f'{_IRN_LAYERS[layer]}.{_TAP[number]}.{name}'] = value
    for name in ('weight', 'bias'):
        found[f'boundary_head.classifier.{name}'] = state[f'fc_edge6.{name}']
    head = 'displacement_head'
    found[f'{head}.regressor.weight'] = state['fc_dp7.3.weight']
    found[f'{head}.mean_displacement'] = state['fc_dp7.4.running_mean']
    return found


def convert_amr(state: State) -> State:
    """AMR's two ResNets and classifiers, told by structure.

    The network with more in its blocks than a ResNet has is the compensation
    branch. Its attention modules become those of
    ``AttentionModulation(channel_transform='mlp',
    spatial_transform='max_mean')``, fully connected layers as 1x1
    convolutions.
    """
    networks = _networks(state)
    if len(networks) != 2:
        raise DataError(
            f'AMR has two ResNets, found {len(networks)}: '
            f'{", ".join(networks) or "none"}'
        )
    gates = {name: _gates(state, name) for name in networks}
    with_gates = [name for name in networks if gates[name]]
    if len(with_gates) != 1:
        raise DataError(
            'one of the two ResNets must have attention modules, '
            f'{len(with_gates)} of {", ".join(networks)} have some'
        )
    compensation = with_gates[0]
    spotlight = next(name for name in networks if name != compensation)
    heads = _classifiers(state, spotlight, compensation)
    found = {}
    for branch, name in (
        ('spotlight', spotlight),
        ('compensation', compensation),
    ):
        found |= _renamed(state, name, f'{branch}.backbone')
        found[f'{branch}.head.classifier.weight'] = heads[branch]
    for block, parts in gates[compensation].items():
        found |= _amm(f'compensation.backbone.{block}.amm', parts)
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
    """Rename a released state dict.

    Args:
        state (dict[str, Tensor]): As released; ``module.`` is stripped.
        kind (str): A key of :data:`CONVERTERS`, or 'auto'. Defaults to
            'auto'.

    Returns:
        tuple[str, dict[str, Tensor]]: The kind, and the state dict under
        this project's names.

    Raises:
        DataError: If keys are missing or the kind cannot be told.
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


def _prefix_of(key: str) -> str:
    """What stands before ``layer1...``."""
    return key.partition('layer1.')[0].rstrip('.')


def _networks(state: State) -> list[str]:
    """Prefixes of whole ResNets, stem and all, in order."""
    prefixes = [
        _prefix_of(key)
        for key in state
        if key.endswith('.layer1.0.conv1.weight')
    ]
    return [p for p in dict.fromkeys(prefixes) if f'{p}.conv1.weight' in state]


def _renamed(state: State, old: str, new: str) -> State:
    """A ResNet's own parameters under another prefix, without its head."""
    found = {
        f'{new}.{key[len(old) + 1 :]}': value
        for key, value in state.items()
        if key.startswith(f'{old}.') and _BLOCK.fullmatch(key[len(old) + 1 :])
    }
    if not found:
        raise KeyError(f'{old}.conv1.weight')
    return found


def _wide_backbone(state: State) -> State:
    """A Wide-ResNet38's own parameters."""
    found = {
        f'backbone.{k}': v for k, v in state.items() if _WIDE.fullmatch(k)
    }
    if not found:
        raise KeyError('conv1a.weight')
    return found


def _gates(state: State, network: str) -> dict[str, State]:
    """What the blocks of a ResNet hold besides a ResNet's parts."""
    found: dict[str, State] = {}
    for key, value in state.items():
        name = key[len(network) + 1 :]
        match = re.match(r'(layer\d\.\d+)\.(.+)', name)
        inside = key.startswith(f'{network}.') and match
        if inside and not _BLOCK.fullmatch(name):
            found.setdefault(match[1], {})[match[2]] = value
    return found


def _classifiers(state: State, spotlight: str, compensation: str) -> dict:
    """The two classifiers, by the words they share with their networks."""
    networks = (spotlight, compensation)
    heads = {
        key: value
        for key, value in state.items()
        if key.count('.') == 1
        and key.endswith('.weight')
        and value.dim() == 4
        and value.shape[2:] == (1, 1)
        and not key.startswith(tuple(f'{n}.' for n in networks))
    }
    words = [set(re.split(r'[_.]', name)) for name in networks]
    own = words[1] - words[0]
    named = [k for k in heads if own & set(re.split(r'[_.]', k))]
    numbered = [k for k in heads if re.search(r'2\.weight$', k)]
    last = named or numbered
    if len(heads) != 2 or len(last) != 1:
        raise DataError(
            'the two classifiers cannot be told apart: '
            f'{", ".join(heads) or "none"}'
        )
    first = next(key for key in heads if key != last[0])
    return {'spotlight': heads[first], 'compensation': heads[last[0]]}


def _amm(target: str, parts: State) -> State:
    """An attention module's parameters, told by their shapes."""
    linear = [
        k for k, v in parts.items() if v.dim() in (2, 4) and v.numel() > 1
    ]
    spatial = [k for k in linear if parts[k].shape[:2] == (1, 2)]
    channel = [k for k in linear if k not in spatial]
    if len(channel) != 2 or len(spatial) != 1:
        raise DataError(
            f'unknown attention module for {target}: {", ".join(parts)}'
        )
    channel.sort(key=lambda k: parts[k].shape[0])  # C -> C/16 comes first
    found = {f'{target}.spatial.0.weight': parts[spatial[0]]}
    for place, key in zip((0, 2), channel, strict=True):
        weight = parts[key]
        bias = parts[key.removesuffix('weight') + 'bias']
        found[f'{target}.channel.{place}.weight'] = weight.reshape(
            *weight.shape[:2], 1, 1
        )
        found[f'{target}.channel.{place}.bias'] = bias
    norm = next(k for k in parts if k.endswith('running_mean'))
    stem = norm.removesuffix('running_mean')
    for name in ('weight', 'bias', 'running_mean', 'running_var'):
        found[f'{target}.spatial.1.{name}'] = parts[stem + name]
    if stem + 'num_batches_tracked' in parts:
        name = 'num_batches_tracked'
        found[f'{target}.spatial.1.{name}'] = parts[stem + name]
    return found
