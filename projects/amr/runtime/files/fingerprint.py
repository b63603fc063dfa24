"""Digests of the inputs that an output was made from."""

import hashlib
import json
from pathlib import Path

import torch
from torch import nn

from projects.amr.errors import DataError, UserError
from projects.amr.runtime.files.atomic_write import write_json
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES

MANIFEST = 'generation.json'
_BLOCK = 1 << 20  # bytes read at once


def config_digest(value) -> str:
    """SHA-256 of nested dicts, lists and scalars; keys in any order.

    Example:
        >>> config_digest({'a': 1, 'b': 2}) == config_digest({'b': 2, 'a': 1})
        True
    """
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


@torch.no_grad()
def weights_digest(model: nn.Module) -> str:
    """SHA-256 of a model's parameters and buffers, names included."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f'{name}{tensor.dtype}{tuple(tensor.shape)}'.encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file, '' if there is none; DataError if unreadable."""
    digest = hashlib.sha256()
    try:
        with Path(path).open('rb') as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return ''
    except OSError as error:  # no permission, say
        raise DataError(f'{path} cannot be read ({error})') from None
    return digest.hexdigest()


def model_config_digest(config) -> str:
    """Digest of a model's config without keys of initial weights.

    Example:
        >>> plain = model_config_digest({'type': 'A'})
        >>> plain == model_config_digest({'type': 'A', 'init_cfg': {}})
        True
    """
    return config_digest(without_keys(config, ('init_cfg', 'pretrained')))


def note_origin(folder: Path, parts: dict[str, str]) -> list[str]:
    """Record in ``generation.json`` what a folder's items are made from.

    ``parts`` holds name and digest, or value, of each input; the items' key is
    the digest of all of them. Returns the names of those that changed.
    """
    changed = _differing(folder, parts)
    content = {'key': config_digest(parts), 'made_from': parts}
    write_json(folder / MANIFEST, content)
    return changed


def require_origin(folder: Path, parts: dict[str, str]) -> None:
    """Refuse items that another run with other inputs has written to.

    Runs of the same inputs may share a folder, as shards do. ``parts`` are as
    this run gave them to :func:`note_origin`. Raises UserError if a later run
    recorded others.
    """
    changed = _differing(folder, parts)
    if changed:
        raise UserError(
            f'{folder}: another run with another {", ".join(changed)} began '
            'to write here before this one ended, so its files may be those '
            'of either. Re-run one of the two commands alone, or give each '
            'its own folder'
        )


def _differing(folder: Path, parts: dict[str, str]) -> list[str]:
    """Names of the parts that differ from a folder's ``generation.json``."""
    try:
        noted = json.loads((folder / MANIFEST).read_text())['made_from']
    except (OSError, RecursionError, ValueError, KeyError, TypeError):
        return []
    if not isinstance(noted, dict):
        return []
    return [k for k in {**noted, **parts} if noted.get(k) != parts.get(k)]


def require_own_folder(
    folder: Path, suffix: str, marker: str = MANIFEST
) -> None:
    """Refuse to write items (``suffix``, as ``'.png'``) among other files.

    Items have the names of images, so a folder of masks or photos that was
    named by mistake would be overwritten. A folder of items has its
    ``marker`` from the start; one that holds images or files of that suffix
    without it raises UserError.
    """
    if not folder.is_dir() or (folder / marker).exists():
        return
    suffixes = {suffix, *IMAGE_SUFFIXES}
    found = sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith('.')
    )
    if found:
        raise UserError(
            f'{folder} holds {len(found):,} files that were not made here '
            f'(no {marker}), such as {found[0]}: they could be overwritten. '
            'Choose an empty or a new folder'
        )


def without_keys(config, keys: tuple[str, ...]):
    """Copy of nested dicts, lists and scalars without some keys.

    Example:
        >>> without_keys({'a': 1, 'b': ({'a': 2, 'c': 3},)}, ('a',))
        {'b': [{'c': 3}]}
    """
    if isinstance(config, dict):
        return {
            key: without_keys(value, keys)
            for key, value in config.items()
            if key not in keys
        }
    if isinstance(config, (list, tuple)):
        return [without_keys(value, keys) for value in config]
    return config
