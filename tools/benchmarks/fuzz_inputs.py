"""Damage thousands of input files; each must be read or refused by name.

``python tools/benchmarks/fuzz_inputs.py --cases 10000``: split lists, XML,
label files, images, masks, CAM records and manifests. A case passes if the
reader takes the file, or raises a UserError that names it. Anything else is
printed with the command that repeats it, and the exit code is 1. Hostile
files (pickled objects, entities) must do nothing.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import projects.amr.openmp  # noqa: F401  before torch

from fuzz_mutations import mutate
from fuzz_targets import TARGETS, Target

from projects.amr.errors import UserError

SECONDS = 20.0  # of processor time; a case that takes more is a fault


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--cases', type=int, default=10_000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', type=int, help='one case, with its error')
    parser.add_argument('--keep', help='folder that gets the failing files')
    parser.add_argument('--out', help='JSON file of the counts')
    return parser.parse_args()


def run_case(number: int, seed: int, folder: Path) -> tuple[Target, str, str]:
    """Damage one file and read it.

    Args:
        number (int): Which case; kinds of files take turns.
        seed (int): Of all cases.
        folder (Path): Where the file is made.

    Returns:
        tuple[Target, str, str]: Kind, outcome (``'accepted'``,
        ``'refused'`` or ``'failed'``) and, if it failed, why.
    """
    target = TARGETS[number % len(TARGETS)]
    rng = random.Random(f'{seed}:{number}')
    path, marker = folder / target.name, folder / 'exploded'
    path.unlink(missing_ok=True)  # a case does not depend on those before
    target.write(path)
    mutate(path, target, rng, marker)
    content = path.read_bytes()
    began = time.process_time()
    outcome, why = _read(target, path)
    if outcome == 'failed':
        path.write_bytes(content)  # as it was read, to be kept
    if marker.exists():
        marker.unlink()
        return target, 'failed', 'a pickled object was run'
    if time.process_time() - began > SECONDS:
        return (
            target,
            'failed',
            f'took more than {SECONDS:g} s of processor time',
        )
    return target, outcome, why


def _read(target: Target, path: Path) -> tuple[str, str]:
    """Outcome of one reading."""
    try:
        target.read(path)
    except UserError as error:
        if path.name in str(error):
            return 'refused', ''
        return 'failed', f'does not name the file: {error}'
    except Exception:
        return 'failed', traceback.format_exc(limit=-4)
    return 'accepted', ''


def run_cases(
    numbers, seed: int, folder: Path
) -> tuple[Counter, list[tuple[int, Target, str]]]:
    """Run cases.

    Args:
        numbers (Iterable[int]): Which.
        seed (int): Of all.
        folder (Path): Where files are made.

    Returns:
        tuple[Counter, list]: Cases by (kind, outcome), and number, kind and
        reason of the failed ones.
    """
    counts: Counter = Counter()
    failed = []
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter('ignore')
        for number in numbers:
            target, outcome, why = run_case(number, seed, folder)
            counts[target.name, outcome] += 1
            if outcome == 'failed':
                failed.append((number, target, why))
    return counts, failed


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what decoders written in C and the readers print."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, source in zip((1, 2), kept, strict=True):
            os.dup2(source, target)
            os.close(source)
        os.close(nowhere)


def main() -> int:
    """Run all cases and print what came of them."""
    args = parse_args()
    numbers = range(args.cases) if args.only is None else [args.only]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.time()
        counts, failed = run_cases(numbers, args.seed, folder)
        keep_failed(args, failed, folder)
    print(f'{"file":18} {"accepted":>9} {"refused":>9} {"failed":>7}')
    table = {}
    for target in TARGETS:
        row = {
            outcome: counts[target.name, outcome]
            for outcome in ('accepted', 'refused', 'failed')
        }
        table[target.name] = row
        print(f'{target.name:18} {"{:9,} {:9,} {:7,}".format(*row.values())}')
    total = sum(counts.values())
    print(
        f'{total:,} cases, {len(failed)} failed, {time.time() - began:.0f} s'
    )
    if args.out:
        content = {'seed': args.seed, 'cases': total, 'table': table}
        Path(args.out).write_text(json.dumps(content, indent=1))
    return 1 if failed else 0


def keep_failed(args: argparse.Namespace, failed: list, folder: Path) -> None:
    """Print what failed and how to repeat it."""
    for number, target, why in failed:
        print(
            f'FAILED {target.name}, case {number}:\n{why}\n  repeat: python '
            f'tools/benchmarks/fuzz_inputs.py --seed {args.seed} --only '
            f'{number} --keep DIR\n'
        )
        if args.keep:
            with quiet():
                run_case(number, args.seed, folder)
            kept = Path(args.keep) / f'{number}_{target.name}'
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes((folder / target.name).read_bytes())


if __name__ == '__main__':
    sys.exit(main())
