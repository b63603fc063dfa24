"""Reading config files, whatever is wrong with one."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmengine.config import Config
from mmengine.config import utils as config_utils
from mmengine.config.utils import ConfigParsingError

from projects.amr.engine.config_faults import config_place, near_files
from projects.amr.engine.optional_packages import missing, missing_module
from projects.amr.errors import UserError


def read_config(path: str | Path) -> Config:
    """Read a config file of any kind, ``mmseg::`` bases included.

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
