"""What is wrong with a user's config, told in one line and not a traceback."""

import difflib
import inspect
import traceback
from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import build_functions

from projects.amr.errors import UserError, did_you_mean

_BUILDING = build_functions.__file__


def near_files(path: str | Path) -> str:
    """End of a message about a config that is not there.

    Args:
        path (str | Path): What was asked for.

    Returns:
        str: The file of the folder whose name is nearest, or ''.
    """
    path = Path(path)
    if path.is_file() or not path.parent.is_dir():
        return ''
    names = [file.name for file in path.parent.glob('*.py')]
    near = difflib.get_close_matches(path.name, names, 1)
    return f' (did you mean {path.parent / near[0]}?)' if near else ''


def config_place(error: BaseException) -> str:
    """Where in config files an exception of their code arose.

    Args:
        error (BaseException): As raised by ``Config.fromfile``.

    Returns:
        str: Such as ``a.py, line 3: ``, or ''.
    """
    home = Path(inspect.getfile(Config)).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        own = path.suffix == '.py' and home not in path.parents
        if own and frame.name == '<module>':
            return f'{path}, line {frame.lineno}: '
    return ''


def require_keys(cfg: Config, job: str, keys: Iterable[str]) -> None:
    """Refuse a config that is none of a training or test.

    Args:
        cfg (Config): The config.
        job (str): ``'training'`` or ``'test'``.
        keys (Iterable[str]): What it must have.

    Raises:
        UserError: If one is missing; a pipeline's config is named as such.
    """
    lacking = [key for key in keys if cfg.get(key) is None]
    if not lacking:
        return
    if cfg.get('stages') or cfg.get('own_data'):
        raise UserError(
            f'{cfg.filename} is the config of a pipeline: '
            f'python tools/run_pipeline.py {cfg.filename}'
        )
    raise UserError(
        f'{cfg.filename} is no config of a {job}, it lacks '
        f'{", ".join(lacking)}: those in configs/_base_ are parts that others '
        'inherit'
    )


def build_fault(error: BaseException) -> str | None:
    """Say what in a config cannot be built.

    For what a registry itself could not do with the entry (an unknown type,
    an unknown or a missing argument), and for a value that a constructor
    refuses. Whatever else goes wrong inside the code of a class is no fault
    of the config.

    Args:
        error (BaseException): What was raised.

    Returns:
        str | None: One line, with the nearest known name; None if the
        exception came from elsewhere.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    refused = type(error) in (ValueError, AssertionError)
    # A class may hand what it does not know on to its base class.
    while (
        (_is_call_fault(error) or refused)
        and frames
        and frames[-1].f_code.co_name == '__init__'
    ):
        frames.pop()
    if not frames or frames[-1].f_code.co_filename != _BUILDING:
        return None
    values = frames[-1].f_locals
    if isinstance(error, KeyError) and 'obj_type' in values:
        registry = values['registry']
        known = [*registry.module_dict]
        for child in registry.children.values():
            known += child.module_dict
        return (
            f'the config names a type {values["obj_type"]!r} that is no '
            f'{registry.name}{did_you_mean(str(values["obj_type"]), known)}'
        )
    if refused and 'obj_cls' in values:
        name = values['obj_cls'].__name__
        return f'the config cannot be built: {name}: {error}'
    if _is_call_fault(error) and 'obj_cls' in values:
        kind, given = values['obj_cls'], values.get('args') or {}
        known = _parameters(kind)
        unknown = [key for key in given if key not in known]
        hint = did_you_mean(str(unknown[0]), known) if unknown else ''
        return f'the config cannot be built: {error}{hint}'
    return None


def _is_call_fault(error: BaseException) -> bool:
    """Whether arguments did not fit a function."""
    words = ('unexpected keyword argument', 'required positional', 'keyword-o')
    return isinstance(error, TypeError) and any(w in str(error) for w in words)


def _parameters(kind) -> list[str]:
    """Names that a class and its bases take."""
    makers = [cls.__init__ for cls in getattr(kind, '__mro__', ())] or [kind]
    return [n for make in makers for n in inspect.signature(make).parameters]
