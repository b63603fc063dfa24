"""Reading config files, whatever is wrong with one."""

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmengine.config import Config
from mmengine.config import utils as config_utils
from mmengine.config.utils import ConfigParsingError

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_faults import config_place, near_files
from projects.amr.runtime.config.optional_packages import (
    missing,
    missing_module,
)


def read_config(path: str | Path) -> Config:
    """Read a config file of any kind, ``mmseg::`` bases included.

    Environment variables (``'{{$VOC_ROOT:...}}'``) may hold quotes and
    backslashes, as paths may.

    Args:
        path (str | Path): The file.

    Returns:
        Config: As it is written, with what it inherits.

    Raises:
        UserError: If the file is missing or no config.
        MissingDependencyError: If it needs a package that is not installed.
    """
    allow_mmseg_bases()
    try:
        with _quotable_environment():
            return Config.fromfile(path)
    except (OSError, ConfigParsingError, SyntaxError) as error:
        raise UserError(f'config {path}: {error}{near_files(path)}') from None
    except ImportError as error:  # of custom_imports
        raise missing(missing_module(error)) from error
    except UserError:
        raise
    except Exception as error:  # whatever a config's code may raise
        if 'os.environ' in str(error):  # {{$NAME:}} without a value
            error = f'{error}; set that environment variable'
        else:
            kind = type(error).__name__
            error = f'{config_place(error)}{kind}: {error}'
        raise UserError(f'config {path}: {error}') from None


def allow_mmseg_bases() -> None:
    """Let ``_base_ = 'mmseg::...'`` resolve on the maintained packages.

    mmengine looks for a distribution called mmsegmentation; the maintained
    one has another name, its import name is the same.
    """
    try:
        version('mmsegmentation')
    except PackageNotFoundError:
        config_utils.MODULE2PACKAGE['mmseg'] = 'mmseg'


@contextmanager
def _quotable_environment() -> Iterator[None]:
    """Let mmengine put values with quotes and backslashes into configs.

    It pastes each value into the config's code as a regular expression's
    replacement; a path such as ``/data/l'été`` ended the string there.
    """
    stock = Config._substitute_env_variables

    def substitute(*args, **kwargs):
        own = dict(os.environ)
        changed = {
            name: pasted
            for name, value in own.items()
            if (pasted := _pasted(value)) != value
        }
        os.environ.update(changed)
        try:
            used = stock(*args, **kwargs)
        finally:
            os.environ.update({name: own[name] for name in changed})
        return {name: own[name] for name in used}

    Config._substitute_env_variables = staticmethod(substitute)
    try:
        yield
    finally:
        Config._substitute_env_variables = staticmethod(stock)


def _pasted(value: str) -> str:
    r"""A value as it must be pasted between quotes.

    Python values (numbers, lists, quoted text) stay as they are: they may
    stand in a config without quotes around them.

    Example:
        >>> _pasted("['a', 'b']")
        "['a', 'b']"
        >>> print(_pasted("/l'ete"))
        /l\\'ete
    """
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        for char in '\\\'"':
            value = value.replace(char, f'\\{char}')
        return value.replace('\\', r'\\')
    return value
