"""Reading configs and their overrides; faults of both as one-line errors."""

import argparse
import ast
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.config import utils as config_utils
from mmengine.config.utils import ConfigParsingError
from mmengine.registry import build_functions
from mmengine.runner import Runner

from projects.amr.errors import UserError, did_you_mean
from projects.amr.runtime.config.optional_packages import (
    missing,
    missing_module,
)

# What Runner reads besides its arguments, and what this project reads.
_FURTHER_KEYS = (
    'activation_checkpointing',
    'broadcast_buffers',
    'class_file',
    'compile',
    'efficient_conv_bn_eval',
    'emulate_half',
    'find_unused_parameters',
    'keep_workers',
    'label_transform',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
)
RUN_KEYS = frozenset(
    {*inspect.signature(Runner.__init__).parameters, *_FURTHER_KEYS}
    - {'self', 'cfg'}
)
# Of the texts in a value, not those around its commas and brackets.
_INNER_BLANKS = re.compile(r'(?<=[^ ,([]) +(?=[^ ,)\]])')


def _lazy_import(path: str | Path) -> bool | None:
    """False where a config imports nothing or the standard library alone.

    None leaves it to mmengine, whose upstream release takes ``import os``
    for the mark of a lazy config on Python 3.11.
    """
    try:
        tree = ast.parse(Path(path).read_text(encoding='utf-8'))
    except (OSError, ValueError, SyntaxError):
        return None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add('.' * node.level + (node.module or ''))
    roots = {name.partition('.')[0] for name in names}
    return False if roots <= sys.stdlib_module_names else None


def read_config(path: str | Path) -> Config:
    """Read a config file of any kind, ``mmseg::`` bases included.

    Environment variables (``'{{$VOC_ROOT:...}}'``) may hold quotes and
    backslashes, as paths may. Raises UserError if the file is missing or no
    config, MissingDependencyError if it needs a package that is not installed.
    """
    allow_mmseg_bases()
    try:
        with _quotable_environment():
            return Config.fromfile(path, lazy_import=_lazy_import(path))
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
            error = f'{_place(error)}{type(error).__name__}: {error}'
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


def near_files(path: str | Path) -> str:
    """End of a message about a missing config: the nearest name, or ''."""
    path = Path(path)
    if path.is_file():
        return ''
    return did_you_mean(path.name, [p.name for p in path.parent.glob('*.py')])


def _place(error: BaseException) -> str:
    """File and line of a config whose code raised, or ''."""
    home = Path(inspect.getfile(Config)).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        own = path.suffix == '.py' and home not in path.parents
        if own and frame.name == '<module>':
            return f'{path}, line {frame.lineno}: '
    return ''


@contextmanager
def _quotable_environment() -> Iterator[None]:
    """Let mmengine put values with quotes and backslashes into configs.

    It pastes each value into the config's code as a regular expression's
    replacement, where a path such as ``/data/l'été`` would end the string.
    """
    stock = Config._substitute_env_variables

    def substitute(*args, **kwargs):
        own = dict(os.environ)
        os.environ.update({k: _escaped(value) for k, value in own.items()})
        try:
            used = stock(*args, **kwargs)
        finally:
            os.environ.update(own)
        return {name: own[name] for name in used}

    Config._substitute_env_variables = staticmethod(substitute)
    try:
        yield
    finally:
        Config._substitute_env_variables = staticmethod(stock)


def _escaped(value: str) -> str:
    """A value as it must be pasted; Python literals may stand unquoted."""
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        for char in '\\\'"':
            value = value.replace(char, f'\\{char}')
        return value.replace('\\', r'\\')
    return value


class CfgOptionsAction(DictAction):
    """``key=value`` pairs; one without ``=`` is a usage error."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Read the pairs into a dict."""
        for text in values:
            key, equals, _ = text.partition('=')
            if not key or not equals:
                raise argparse.ArgumentError(
                    self, f'{text!r} must be key=value, without blanks'
                )
        try:
            super().__call__(parser, namespace, values, option_string)
        except AssertionError as error:  # of brackets
            raise argparse.ArgumentError(self, str(error)) from None

    @staticmethod
    def _parse_iterable(val):
        """Read a value; mmengine's reading drops the blanks of paths too."""
        hidden = _INNER_BLANKS.sub(lambda m: '\0' * len(m[0]), val)
        return _with_blanks(DictAction._parse_iterable(hidden))


def _with_blanks(value):
    """A value with the blanks that were hidden in its texts."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_with_blanks, value))
    return value.replace('\0', ' ') if isinstance(value, str) else value


def add_cfg_options(
    parser: argparse.ArgumentParser,
    text: str = 'config entries to override, as key=value; lists as '
    'key="[a,b]", nested keys with dots',
) -> None:
    """Add ``--cfg-options`` with its help to a tool's parser."""
    parser.add_argument(
        '--cfg-options', nargs='+', action=CfgOptionsAction, help=text
    )


def read_cfg_options(words: Sequence[str]) -> dict:
    """Read ``key=value`` texts as ``--cfg-options`` does.

    Example:
        >>> read_cfg_options(['model.xi=0.1', 'scales=(0.5,1.0)'])
        {'model.xi': 0.1, 'scales': (0.5, 1.0)}
    """
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    words = ['--cfg-options', *words] if words else []
    return parser.parse_args(words).cfg_options or {}


def apply_cfg_options(cfg: Config, options: dict | None) -> None:
    """Override entries of a config in place; refuse keys without effect.

    mmengine takes any key. A misspelt one would be a new entry that nobody
    reads; a variable of the config file, such as ``data_root``, is already
    substituted where the file uses it. Raises UserError for these, and for a
    key that does not fit the config's structure.
    """
    if not options:
        return
    # Of a pipeline, a table or a part of a config any key may be read.
    for key in options if 'model' in cfg else ():
        top = key.split('.')[0]
        if top not in RUN_KEYS and top not in cfg:
            raise UserError(
                f'--cfg-options {key}: the config has no {top!r}'
                f'{did_you_mean(top, RUN_KEYS)}, and nothing would read it'
            )
        if top not in RUN_KEYS:
            raise UserError(
                f'--cfg-options {key}: {top!r} is a variable that the config '
                'file has substituted already, nothing would change. Override '
                'the entries that use it (python tools/misc/print_config.py '
                f'{cfg.filename} prints them), set its environment variable, '
                'or set it in a config that inherits this one'
            )
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        text = error.args[0] if error.args else error
        raise UserError(f'--cfg-options {" ".join(options)}: {text}') from None


def require_keys(cfg: Config, job: str, keys: Iterable[str]) -> None:
    """Refuse a config that is none of a ``'training'`` or ``'test'``.

    Raises UserError if a key is missing; a pipeline's config is named as such.
    """
    lacking = [key for key in keys if cfg.get(key) is None]
    if lacking and (cfg.get('stages') or cfg.get('own_data')):
        raise UserError(
            f'{cfg.filename} is the config of a pipeline: '
            f'python tools/run_pipeline.py {cfg.filename}'
        )
    if lacking:
        raise UserError(
            f'{cfg.filename} is no config of a {job}, it lacks '
            f'{", ".join(lacking)}: those in configs/_base_ are parts that '
            'others inherit'
        )


def build_fault(error: BaseException) -> str | None:
    """Describe a config entry that a registry cannot build, in one line.

    That is an unknown type, an unknown or missing argument, or a value that a
    constructor refuses; other errors are faults of the code: None.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    words = ('unexpected keyword argument', 'required positional', 'keyword-o')
    misfit = isinstance(error, TypeError) and any(
        word in str(error) for word in words
    )
    refused = type(error) in (ValueError, AssertionError)
    # A KeyError of a sentence is raised on purpose, as by mmseg's ResNet.
    refused |= isinstance(error, KeyError) and ' ' in str(error.args[0])
    builds = [
        number
        for number, frame in enumerate(frames)
        if frame.f_code.co_filename == build_functions.__file__
    ]
    if not builds:
        return None
    # A class may hand what it does not know on to its base class, or check
    # it in a function.
    inner = [frame.f_code.co_name for frame in frames[builds[-1] + 1 :]]
    called = next((name for name in inner if name != '__init__'), 'check_')
    refused |= misfit and called.startswith('check_')
    if inner and not (refused and inner[0] == '__init__'):
        return None
    built = frames[builds[-1]].f_locals.get('obj_cls')
    known = built is None or (misfit and '()' in str(error))
    name = '' if known else f'{built.__name__}: '
    text = error.args[0] if isinstance(error, KeyError) else error
    return f'the config cannot be built: {name}{text}'
