"""Initial weights: found before training starts, or said to be missing."""

from collections.abc import Iterator

from projects.amr.runtime.checkpoints.weight_sources import find_weights

_FREE = {'frozen_stages': -1, 'norm_eval': False, 'requires_grad': True}


def find_pretrained(config, where: str = 'model') -> Iterator[tuple]:
    """Find the initial weights that a model config asks for.

    Args:
        config (dict): Model config, nested.
        where (str): Dotted path of ``config``. Defaults to 'model'.

    Yields:
        tuple[str, str]: Dotted path of the key that names the weights, and
        the file or URL.
    """
    if isinstance(config, dict):
        kind = str(config.get('type', '')).rpartition('.')[2]
        if kind == 'Pretrained':
            yield f'{where}.checkpoint', config['checkpoint']
        if isinstance(config.get('pretrained'), str):
            yield f'{where}.pretrained', config['pretrained']
        for key, value in config.items():
            yield from find_pretrained(value, f'{where}.{key}')
    elif isinstance(config, (list, tuple)):
        for index, value in enumerate(config):
            yield from find_pretrained(value, f'{where}.{index}')


def drop_pretrained(config, unfreeze: bool = True) -> list[str]:
    """Take all initial weights out of a model config, in place.

    Args:
        config (dict): Model config, nested.
        unfreeze (bool): Whether frozen stages and frozen BatchNorm
            (``frozen_stages``, ``norm_eval``, ``norm_cfg.requires_grad``)
            are released too: they keep pretrained knowledge, and random
            weights have none. Defaults to True.

    Returns:
        list[str]: What was changed, for the log.
    """
    changed = []
    if isinstance(config, dict):
        init = config.get('init_cfg')
        if init and any(True for _ in find_pretrained({'init_cfg': init})):
            changed.append(f'{config.get("type", "")}: init_cfg dropped')
            config['init_cfg'] = None
        if isinstance(config.get('pretrained'), str):
            changed.append(f'{config.get("type", "")}: pretrained dropped')
            config['pretrained'] = None
        for key, free in _FREE.items():
            if unfreeze and config.get(key, free) != free:
                changed.append(f'{config.get("type", "")}: {key} = {free}')
                config[key] = free
        for value in config.values():
            changed += drop_pretrained(value, unfreeze)
    elif isinstance(config, (list, tuple)):
        for value in config:
            changed += drop_pretrained(value, unfreeze)
    return changed


def require_pretrained(config) -> None:
    """Make sure that every initial weight file is at hand.

    Args:
        config (dict): Model config.

    Raises:
        MissingWeightsError: If one cannot be had; the message says what is
            expected where. See :func:`find_weights`.
    """
    seen = set()
    for key, source in find_pretrained(config):
        if source not in seen:
            seen.add(source)
            find_weights(
                source,
                f'name another file with --cfg-options {key}=FILE, or train '
                'from random weights with --no-pretrained',
            )
