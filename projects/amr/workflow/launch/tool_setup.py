"""Flags, config, work dir and exit codes of the tools."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from mmengine.config import Config

from projects.amr.errors import MemoryExhaustedError, StoppedError, UserError
from projects.amr.models.memory import is_out_of_memory, peak_memory
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading
from projects.amr.runtime.config.config_reading import (
    add_cfg_options,
    apply_cfg_options,
    build_fault,
    read_config,
)
from projects.amr.runtime.config.optional_packages import (
    check_optional_packages,
)
from projects.amr.runtime.files.sharding import require_launcher
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
from projects.amr.workflow.launch.own_classes import fit_class_file

PACKAGES = (
    'torch',
    'torchvision',
    'numpy',
    'opencv-python',
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmsegmentation',
    'onedl-mmpretrain',
    'mmengine',
    'mmcv',
    'mmsegmentation',
    'mmpretrain',
)

_JOIN_TIMEOUT = timedelta(minutes=1)
_WAIT_TIMEOUT = timedelta(minutes=30)  # torch's default

OUT_OF_MEMORY = (
    'A training does not retry with less, since that would be another '
    'training: lower train_dataloader.batch_size (and the learning rate with '
    'it) or the crop_size, or add --amp; elsewhere lower batch_size or '
    '--num-workers'
)


def tool_parser(text: str) -> argparse.ArgumentParser:
    """Parser of a tool whose help is its docstring, as it is written."""
    return argparse.ArgumentParser(
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that mmseg's train.py and test.py have in common."""
    parser.add_argument('--work-dir', help='folder of logs and outputs')
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-checkpoint`` of the tools that load checkpoints."""
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints that hold more than weights in full, '
        'which runs whatever code is in them; only for files of known origin',
    )


def resolve_config(
    path: str | Path, cfg_options: dict | None = None, trust: bool = False
) -> Config:
    """Read a training's or test's config, fitted to its ``class_file``.

    Also makes mmengine read checkpoints with :func:`use_strict_loading`.
    Raises UserError if the file is missing or no config, an option has no
    effect, or the ``class_file`` breaks a rule; MissingDependencyError if it
    needs a package that is not installed.
    """
    use_strict_loading(trust)
    cfg = read_config(path)
    apply_cfg_options(cfg, cfg_options)
    check_optional_packages(cfg.to_dict())
    fit_class_file(cfg)
    if (cfg.get('randomness') or {}).get('deterministic'):
        # Without it torch refuses every matrix product on a GPU.
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    return cfg


def load_config(args: argparse.Namespace) -> Config:
    """Resolve a tool's config, set ``launcher``, ``work_dir``; join ranks.

    ``args`` has ``config`` and ``cfg_options``; without the other common
    arguments the tool is one process.
    """
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    trust = getattr(args, 'trust_checkpoint', False)
    cfg = resolve_config(args.config, args.cfg_options, trust)
    cfg.launcher = getattr(args, 'launcher', 'none')
    require_launcher(cfg.launcher)
    default = cfg.get('work_dir') or Path('work_dirs', Path(args.config).stem)
    given = getattr(args, 'work_dir', None)
    cfg.work_dir = str(default if given is None else given)
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        _join_on_cpu(cfg)
    return cfg


def _join_on_cpu(cfg: Config) -> None:
    """Start a gloo group, since mmengine's own start needs a GPU.

    Ranks that do not find each other fail soon, and the launcher can start
    them again; the default is to wait for 30 minutes.
    """
    if not torch.distributed.is_initialized():
        set_timeout = getattr(torch.distributed, 'set_timeout', None)
        if set_timeout is None:  # an older torch
            torch.distributed.init_process_group('gloo')
        else:
            torch.distributed.init_process_group('gloo', timeout=_JOIN_TIMEOUT)
            set_timeout(_WAIT_TIMEOUT)  # later waits may take longer
    cfg.model_wrapper_cfg = {
        'type': 'MMDistributedDataParallel',
        'device_ids': None,
        'broadcast_buffers': False,
    }


@contextmanager
def hold_work_dir(cfg: Config, job: str) -> Iterator[None]:
    """Let one process, or one group of ranks, do a job in the work dir.

    One ``'train'`` and one ``'test'`` may run in a folder; rank 0 locks it.
    Raises LockedError if another process does this job there, UserError if the
    folder cannot be written.
    """
    if require_launcher(cfg.launcher)[0]:
        yield
        return
    with work_dir_lock(cfg.work_dir, f'.{job}.lock') as stale:
        if stale:
            print(f'{cfg.work_dir} was locked by {stale}, which is gone')
        yield


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    found = {'python': sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def run_tool(main: Callable[[], None]) -> None:
    """Run a tool's main function; a :class:`UserError` is its exit code.

    So is a config entry that cannot be built, a file that cannot be read or
    written, and exhausted memory where nothing smaller can be tried, as in a
    training.
    """
    try:
        main()
    except KeyboardInterrupt:
        _end('STOPPED: run the same command again', 130)
    except UserError as error:
        head = 'STOPPED' if isinstance(error, StoppedError) else 'ERROR'
        _end(f'{head}: {error}', error.exit_code)
    except Exception as error:
        if fault := build_fault(error) or file_fault(error):
            _end(f'ERROR: {fault}', UserError.exit_code)
        if not is_out_of_memory(error):
            raise
        _end(
            f'ERROR: out of memory{peak_memory()}: {error}\n{OUT_OF_MEMORY}',
            MemoryExhaustedError.exit_code,
        )
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def file_fault(error: BaseException) -> str | None:
    """Describe an OSError of a file, in one line; None for other errors."""
    if not isinstance(error, OSError) or error.filename is None:
        return None
    return (
        f'{error.filename} cannot be read or written ({error.strerror}): '
        'make room for it, allow it, or name another'
    )


def _end(text: str, code: int) -> None:
    print(f'\n{text}', file=sys.stderr, flush=True)
    sys.exit(code)
