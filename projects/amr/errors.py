"""Errors a user can mend, each with the exit code its tool ends with.

Exit codes: 2 usage or config, 3 bad data, 4 missing dependency or weights, 5
stage incomplete, 130 and 143 stopped.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A fault in what the user gave: named, with its rule and the way out."""

    exit_code = 2


class DataError(UserError, ValueError):
    """A file or list of the dataset breaks a rule."""

    exit_code = 3


class MissingFileError(DataError, FileNotFoundError):
    """A file that an earlier stage makes is not there."""


class MissingWeightsError(UserError):
    """Initial weights are configured and missing."""

    exit_code = 4


class MissingDependencyError(UserError):
    """A package that is needed here is not installed."""

    exit_code = 4


class CheckpointMismatchError(UserError, ValueError):
    """A checkpoint does not belong to the model it is loaded into."""

    exit_code = 2


class DiskFullError(UserError):
    """No space is left for an output; nothing of it is half-published."""

    exit_code = 5


class MemoryExhaustedError(UserError):
    """A device has not enough memory; the message says what to set."""


class EmptyCAMError(UserError):
    """Too many images have no usable CAM."""

    exit_code = 3


class CheckpointError(UserError):
    """A checkpoint file is damaged, or holds more than weights."""

    exit_code = 3


class MissingCheckpointError(CheckpointError):
    """A checkpoint that was named is not there."""

    exit_code = 2


class NonFiniteError(UserError):
    """A training left the finite numbers."""

    exit_code = 5


class StoppedError(UserError):
    """Ctrl-C (130) or SIGTERM (143); the text says how to resume."""

    def __init__(self, text: str, exit_code: int):
        super().__init__(text)
        self.exit_code = exit_code


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """End of a message about an unknown name: the nearest known one, or ''.

    ``cutoff`` is the least likeness, in [0, 1].

    Example:
        >>> did_you_mean('seed', ['seeds', 'check'])
        " (did you mean 'seeds'?)"
    """
    near = difflib.get_close_matches(name, list(known), 1, cutoff)
    return f' (did you mean {near[0]!r}?)' if near else ''


def list_faults(faults: list[str], limit: int = 10) -> str:
    """Join the first faults of a scan, one a line, and say the total.

    Example:
        >>> print(list_faults(['a', 'b', 'c'], limit=2))
          a
          b
          (... 3 in all)
    """
    lines = [f'  {fault}' for fault in faults[:limit]]
    if len(faults) > limit:
        lines.append(f'  (... {len(faults)} in all)')
    return '\n'.join(lines)
