"""Optional packages that a config needs or would use, checked at start."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from mmengine.logging import print_log

from projects.amr.errors import MissingDependencyError


@dataclass(frozen=True)
class OptionalPackage:
    """A package that the project runs without."""

    module: str  # what is imported
    install: str  # how to get it
    instead: str  # what is built in
    entry: tuple[str, str]  # config key and value that ask for it
    required: bool = True  # whether the entry cannot do without


OPTIONAL = (
    OptionalPackage(
        'pydensecrf',
        "pip install '.[crf]' (package pydensecrf2)",
        "crf='dense' runs the built-in permutohedral lattice",
        ('crf', 'dense'),
        required=False,
    ),
    OptionalPackage(
        'pytorch_grad_cam',
        "pip install '.[cam]' (package grad-cam)",
        'leave out model.test_cfg.extractor: plain CAMs are built in',
        ('type', 'LibraryCAM'),
    ),
    OptionalPackage(
        'timm',
        "pip install '.[lite]' (package timm)",
        "configs of ResNet-50 ('cam_r50_voc.py') need no such package",
        ('type', 'EfficientNetLite'),
    ),
)


def check_optional_packages(config) -> None:
    """Refuse a config that asks for a missing package; note a slower stand-in.

    Raises MissingDependencyError; the message says how to get it and what is
    built in.
    """
    entries = set(_entries(config))
    for package in OPTIONAL:
        if package.entry not in entries or _installed(package.module):
            continue
        if package.required:
            raise missing(package.module)
        print_log(
            f'{package.module} is not installed: {package.instead}. To '
            f'install it: {package.install}',
            'current',
            logging.INFO,
        )


def import_optional(module: str) -> ModuleType:
    """Import a package; MissingDependencyError if it cannot be."""
    try:
        return import_module(module)
    except ImportError:
        raise missing(module) from None


def missing(module: str) -> MissingDependencyError:
    """Error about a module (dotted name) that cannot be imported."""
    for package in OPTIONAL:
        if module.split('.')[0] == package.module:
            return MissingDependencyError(
                f'the config needs {module}, which is not installed: '
                f'{package.install}; or do without: {package.instead}'
            )
    return MissingDependencyError(
        f'the config needs {module}, which cannot be imported: install it, '
        'add its folder to PYTHONPATH, or take it out of custom_imports'
    )


def missing_module(error: BaseException) -> str:
    """Module at the bottom of a chain of import errors, else the message."""
    name, below = None, error
    while below is not None:
        name = getattr(below, 'name', None) or name
        below = below.__cause__ or below.__context__
    return name or str(error)


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def _entries(config) -> Iterator[tuple[str, str]]:
    """Keys with a text as value, at any depth; scopes are cut off."""
    if isinstance(config, dict):
        for key, value in config.items():
            if isinstance(value, str):
                yield key, value.rpartition('.')[2] if key == 'type' else value
            else:
                yield from _entries(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from _entries(value)
