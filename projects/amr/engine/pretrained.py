"""Initial weights: found before training starts, or said to be missing."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch

from projects.amr.errors import MissingWeightsError

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

    Files behind ``https://`` are downloaded once, into torch's cache
    (``$TORCH_HOME/hub/checkpoints``), and checked against the digest in
    their name.

    Args:
        config (dict): Model config.

    Raises:
        MissingWeightsError: If one cannot be had; the message says what is
            expected where.
    """
    seen = set()
    for key, source in find_pretrained(config):
        if source not in seen:
            seen.add(source)
            _require(key, source)


def _require(key: str, source: str) -> None:
    """Check or download one file."""
    remedy = (
        f'or name another file with --cfg-options {key}=FILE, or train from '
        'random weights with --no-pretrained'
    )
    scheme = urlparse(source).scheme
    if scheme not in ('http', 'https'):
        if scheme or Path(source).expanduser().is_file():
            return  # other schemes are mmengine's business
        raise MissingWeightsError(
            f'initial weights not found: {source} (from {key}). Put the file '
            f'there, {remedy}'
        )
    target = cached_path(source)
    if target.is_file():
        return
    digest = re.search(r'-([0-9a-f]{8,})\.', target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(
            source,
            str(target),
            digest.group(1) if digest else None,
            progress=os.environ.get('LOCAL_RANK', '0') == '0',
        )
    except (URLError, OSError, RuntimeError) as error:
        expected = f' (sha256 {digest.group(1)}...)' if digest else ''
        raise MissingWeightsError(
            f'initial weights could not be downloaded: {source} ({error}). '
            f'Put the file at {target}{expected}, {remedy}'
        ) from None


def cached_path(url: str) -> Path:
    """Where torch keeps a downloaded checkpoint."""
    name = os.path.basename(urlparse(url).path)
    return Path(torch.hub.get_dir()) / 'checkpoints' / name
