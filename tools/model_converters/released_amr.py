"""AMR's released weights, recognised by structure.

The released file was not available. Its two ResNets and their attention
modules are recognised by structure and shape, so module names do not matter.
"""

import re

from torch import Tensor

from projects.amr.errors import DataError

State = dict[str, Tensor]
_BLOCK = re.compile(
    r'(conv1|bn1|layer\d\.\d+\.(conv\d|bn\d|downsample\.\d))\.\w+'
)


def convert_amr(state: State) -> State:
    """AMR's two ResNets and classifiers, by their structure.

    The network with more in its blocks than a ResNet has is the compensation
    branch. Its attention modules become those of
    ``AttentionModulation(channel_transform='mlp',
    spatial_transform='max_mean')``, fully connected layers as 1x1
    convolutions.

    ``state`` is that of the released ``Net``, the result that of an
    :class:`AMR`. Raises DataError if there are not two ResNets, one of them
    with attention modules, or their classifiers cannot be assigned.
    """
    names = networks(state)
    if len(names) != 2:
        raise DataError(
            f'AMR has two ResNets, found {len(names)}: '
            f'{", ".join(names) or "none"}'
        )
    gates = {name: _gates(state, name) for name in names}
    with_gates = [name for name in names if gates[name]]
    if len(with_gates) != 1:
        raise DataError(
            'one of the two ResNets must have attention modules, '
            f'{len(with_gates)} of {", ".join(names)} have some'
        )
    compensation = with_gates[0]
    spotlight = next(name for name in names if name != compensation)
    heads = _classifiers(state, spotlight, compensation)
    found, branches = {}, dict(spotlight=spotlight, compensation=compensation)
    for branch, name in branches.items():
        found |= renamed(state, name, f'{branch}.backbone')
        found[f'{branch}.head.classifier.weight'] = heads[branch]
    for block, parts in gates[compensation].items():
        found |= _amm(f'compensation.backbone.{block}.amm', parts)
    return found


def prefix_of(key: str) -> str:
    """Prefix of a key: what comes before ``layer1``, without the dot.

    Example:
        >>> prefix_of('resnet50.layer1.0.conv1.weight')
        'resnet50'
    """
    return key.partition('layer1.')[0].rstrip('.')


def networks(state: State) -> list[str]:
    """Prefixes of whole ResNets, stem and all, in order."""
    prefixes = [
        prefix_of(key)
        for key in state
        if key.endswith('.layer1.0.conv1.weight')
    ]
    return [p for p in dict.fromkeys(prefixes) if f'{p}.conv1.weight' in state]


def renamed(state: State, old: str, new: str) -> State:
    """A ResNet's stem and blocks under another prefix, without its head.

    Raises KeyError if there is no such network.
    """
    found = {
        f'{new}.{key[len(old) + 1 :]}': value
        for key, value in state.items()
        if key.startswith(f'{old}.') and _BLOCK.fullmatch(key[len(old) + 1 :])
    }
    if not found:
        raise KeyError(f'{old}.conv1.weight')
    return found


def _gates(state: State, network: str) -> dict[str, State]:
    """Parameters in the blocks of a ResNet that no ResNet has."""
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
            'the two classifiers cannot be assigned: '
            f'{", ".join(heads) or "none"}'
        )
    first = next(key for key in heads if key != last[0])
    return {'spotlight': heads[first], 'compensation': heads[last[0]]}


def _amm(target: str, parts: State) -> State:
    """An attention module's parameters, by their shapes."""
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
    names = ['weight', 'bias', 'running_mean', 'running_var']
    names += ['num_batches_tracked'] * (f'{stem}num_batches_tracked' in parts)
    for name in names:
        found[f'{target}.spatial.1.{name}'] = parts[stem + name]
    return found
