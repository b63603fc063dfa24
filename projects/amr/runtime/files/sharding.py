"""Split items over several processes or machines."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from projects.amr.errors import UserError

T = TypeVar('T')
# Variables that hold a process's number and how many there are.
LAUNCHERS = {
    'pytorch': ('RANK', 'WORLD_SIZE'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'),
}


@dataclass(frozen=True)
class Shard:
    """One of several parts of a list; UserError if ``index >= count``.

    Example:
        >>> str(Shard(1, 3)), Shard(1, 3).take('abcde')
        ('1/3', ('b', 'e'))
    """

    index: int = 0
    count: int = 1

    def __post_init__(self):
        if not 0 <= self.index < self.count:
            raise UserError(
                f'shard {self} does not exist: of COUNT shards the INDEX is '
                '0 to COUNT - 1, as in 0/4, 1/4, 2/4, 3/4'
            )

    def __str__(self) -> str:
        return f'{self.index}/{self.count}'

    def take(self, items: Sequence[T]) -> tuple[T, ...]:
        """Every ``count``-th item, so that loads are alike."""
        return tuple(items[self.index :: self.count])


def add_shard_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that share the work among processes and machines."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        '--shard',
        metavar='INDEX/COUNT',
        help='make only every COUNT-th item, from the INDEX-th on (from 0); '
        'once all shards are done, the same command without it scores them',
    )
    group.add_argument(
        '--launcher',
        choices=['none', *LAUNCHERS],
        default='none',
        help="take the shard from the launcher's environment",
    )


def require_launcher(
    launcher: str, env: Mapping[str, str] = os.environ
) -> tuple[int, int]:
    """This process's number and how many there are, of a launcher.

    Raises UserError if its variables are not set.
    """
    if launcher == 'none':
        return 0, 1
    names = LAUNCHERS[launcher]
    values = [env.get(name, '') for name in names]
    if not all(value.isdecimal() for value in values):
        raise UserError(
            f'--launcher {launcher} needs {" and ".join(names)} from '
            'the launcher, and they are not set: start it by the launcher, '
            'or leave the flag out'
        )
    return int(values[0]), int(values[1])


def read_shard(args: argparse.Namespace) -> Shard:
    """The shard that flags or launcher name; UserError if there is none."""
    if args.shard is not None:
        if not re.fullmatch(r'\d+/\d+', args.shard):
            raise UserError(f'--shard is INDEX/COUNT, got {args.shard!r}')
        return Shard(*map(int, args.shard.split('/')))
    return Shard(*require_launcher(args.launcher))
