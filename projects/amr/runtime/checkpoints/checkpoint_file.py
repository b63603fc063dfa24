"""Read checkpoint files: weights and plain values only.

mmengine's loader falls back to full unpickling if ``weights_only`` fails, so a
crafted file can run commands; torch's reader does not notice changed bytes
inside a tensor. Neither happens here.
"""

import io
import logging
import pickletools
import re
import zipfile
from contextlib import nullcontext
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log

from projects.amr.errors import (
    CheckpointError,
    MissingCheckpointError,
    MissingDependencyError,
)

# What torch itself allows; the rest of a file's globals are named.
_KNOWN = ('torch.', 'collections.OrderedDict', 'mmengine.logging.', 'numpy.')


def read_checkpoint(
    path: str | Path, map_location='cpu', trust: bool = False
) -> dict:
    """Read a checkpoint with ``weights_only``, and check its bytes.

    Allowed are tensors and plain values, and what mmengine's checkpoints hold:
    numpy numbers and arrays, and log histories; in ``*.safetensors`` tensors
    alone. With ``trust`` a file that holds other objects is unpickled in full,
    which may run any code in it.

    Raises MissingCheckpointError if there is no such file, CheckpointError if
    it is damaged, refused, or holds no dict; the message names it and what to
    do.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise MissingCheckpointError(f'checkpoint not found: {path}')
    try:
        if path.suffix == '.safetensors':
            return _safetensors(path)
        check_bytes(path)
        with _own_globals():
            content = torch.load(
                path, map_location=map_location, weights_only=True
            )
    except UnpicklingError as error:
        if not trust:
            raise _refusal(path, error) from None
        content = _unpickle(path, map_location)
    except MissingDependencyError:
        raise
    except Exception as error:  # damaged files raise of all kinds
        raise _damage(path, error) from None
    if not isinstance(content, dict):
        raise CheckpointError(
            f'{path} holds a {type(content).__name__}, not a dict of weights'
        )
    return content


def _safetensors(path: Path) -> dict:
    """Read a file of tensors alone, which timm's package installs."""
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise MissingDependencyError(
            f"{path} needs safetensors: pip install '.[lite]'"
        ) from None
    return load_file(path)


def check_bytes(path: Path) -> None:
    """Compare a checkpoint's parts with its checksums; ValueError if other."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
        if part is not None:
            raise ValueError(f'checksum of {part} does not match')


def foreign_globals(path: Path) -> list[str]:
    """Dotted names in a checkpoint's pickle that plain weights do not need.

    The pickle is disassembled, not run.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith('.pkl')]
            streams = [archive.read(name) for name in names]
    else:
        streams = [path.read_bytes()]
    found = [name for data in streams for name in _globals_of(data)]
    return [n for n in dict.fromkeys(found) if not n.startswith(_KNOWN)]


def _globals_of(data: bytes) -> list[str]:
    """Globals of the pickles in a stream, as far as it can be read."""
    found, texts, memo, stream = [], ['?', '?'], {}, io.BytesIO(data)
    try:
        while stream.tell() < len(data):
            for code, value, _ in pickletools.genops(stream):
                if code.name in ('GLOBAL', 'INST'):
                    found.append(value.replace(' ', '.'))
                elif code.name == 'STACK_GLOBAL':
                    found.append('.'.join(texts[-2:]))
                elif code.name == 'MEMOIZE':
                    memo[len(memo)] = texts[-1]
                elif code.name.endswith('BINPUT'):
                    memo[value] = texts[-1]
                elif code.name.endswith('BINGET'):
                    texts.append(memo.get(value, '?'))
                elif isinstance(value, str):
                    texts.append(value)
    except (ValueError, IndexError, UnicodeDecodeError, OverflowError):
        pass  # the rest is no pickle
    return found


def _own_globals():
    """Allow what mmengine's checkpoints hold besides tensors."""
    if not hasattr(torch.serialization, 'safe_globals'):
        return nullcontext()  # torch before 2.5: plain values only
    core = getattr(np, '_core', None) or np.core
    return torch.serialization.safe_globals(
        [
            HistoryBuffer,
            (_history_method, 'builtins.getattr'),
            core.multiarray._reconstruct,
            core.multiarray.scalar,
            np.ndarray,
            np.dtype,
            *(type(np.dtype(kind)) for kind in ('f4', 'f8', 'i8')),
        ]
    )


def _history_method(owner, name: str):
    """Stand in for ``getattr``, which log histories are stored with."""
    if owner is not HistoryBuffer:
        raise UnpicklingError(f'getattr of {owner!r}')
    return getattr(owner, name)


def _unpickle(path: Path, map_location):
    """Read a file in full, which its user has taken responsibility for."""
    print_log(
        f'--trust-checkpoint: {path} is unpickled in full; code in it runs '
        f'({", ".join(foreign_globals(path)) or "unknown objects"})',
        'current',
        logging.WARNING,
    )
    try:
        return torch.load(path, map_location=map_location, weights_only=False)
    except Exception as error:  # a foreign file may raise anything
        raise _damage(path, error) from None


def _refusal(path: Path, error: Exception) -> CheckpointError:
    named = re.findall(r'GLOBAL ([\w.]+)', str(error))
    names = named + [n for n in foreign_globals(path) if n not in named]
    if not names:
        return _damage(path, error)
    return CheckpointError(
        f'{path} refused: contains {", ".join(names[:3])}, which unpickling '
        'would call, and no weights need. Give a file of weights alone, or, '
        'if you trust its origin, --trust-checkpoint'
    )


def _damage(path: Path, error: Exception) -> CheckpointError:
    detail = re.split(r'[\n.]', str(error).strip())[0] or type(error).__name__
    if isinstance(error, UnpicklingError):
        detail = 'no pickle of weights'
    return CheckpointError(
        f'{path} is no readable checkpoint, or a damaged one ({detail}, '
        f'{path.stat().st_size} bytes)'
    )
