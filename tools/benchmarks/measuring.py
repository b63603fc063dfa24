"""Shared parts of the benchmarks: time, peak memory, exponents, tables.

Each case runs in a process of its own, so that its peak memory is its own:
the growth of the process's high-water mark (``VmHWM``) over what it held
when the inputs were ready, or on a GPU the allocator's peak likewise.
"""

import argparse
import json
import multiprocessing
import platform
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]


def parse(description: str, **defaults: object) -> argparse.Namespace:
    """Read the options every benchmark has, and its own by default value."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--device', default='cpu', choices=('cpu', 'cuda'))
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--out', type=Path, help='JSON file of the results')
    for name, value in defaults.items():
        nargs = '+' if isinstance(value, list) else None
        if isinstance(value, bool):
            flag = '--' + name.replace('_', '-')
            parser.add_argument(flag, action='store_true')
            continue
        kind = type(value[0]) if nargs else type(value)
        flag = '--' + name.replace('_', '-')
        parser.add_argument(flag, type=kind, default=value, nargs=nargs)
    return parser.parse_args()


def isolated(function: Callable, *args: object) -> dict:
    """Call a function in a fresh process."""
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(function, *args).result()


def measure(call: Callable, options: argparse.Namespace) -> dict:
    """Take the first call's peak memory, then the times of some calls."""
    peak = peak_of(call, options.device)
    seconds, busy = [], []
    for _ in range(options.repeats):
        wait(options.device)
        start, cpu = time.perf_counter(), time.process_time()
        call()
        wait(options.device)
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - cpu)
    return {
        'seconds': min(seconds),
        'cpu_seconds': min(busy),  # what a shared machine leaves alone
        'median_seconds': float(np.median(seconds)),
        'peak_mib': peak / 2**20,
    }


def compare(
    run_case: Callable, ways: Sequence[str], options: argparse.Namespace
) -> None:
    """Measure ways of one thing, see :func:`measured`, and report them."""
    report(measured(run_case, ways, options), options)


def measured(
    run_case: Callable, ways: Sequence[str], options: argparse.Namespace
) -> list[dict]:
    """Measure several ways of one thing at several sizes.

    A row has the fastest of ``--rounds`` rounds, in each of which every way
    is measured once, and the median over the rounds of its speed beside the
    first way's. On one thread of a shared machine, CPU time is what can be
    compared; a GPU's is the time that passes.

    Args:
        run_case (Callable): Gets a way, a size and the options, and returns
            what :func:`measure` does, and more; importable by a new process.
        ways (Sequence[str]): The first is what the others are compared with.
        options (Namespace): With ``sizes``, sides of squares in pixels.

    Returns:
        list[dict]: One row a size and way.
    """
    clock = 'seconds' if options.device == 'cuda' else 'cpu_seconds'
    rows = []
    for size in options.sizes:
        rounds = []
        for _ in range(options.rounds):
            rounds.append([])
            for way in ways:
                got = isolated(run_case, way, size, options)
                print(f'{size} {way}: {got[clock]:.4f} s', flush=True)
                rounds[-1].append(got)
        for way, *own in zip(ways, *rounds, strict=True):
            best = min(own, key=lambda got: got[clock])
            row = {'way': way, 'size': size, 'pixels': size * size, **best}
            ratios = [
                first[clock] / got[clock]
                for (first, *_), got in zip(rounds, own, strict=True)
            ]
            row['speed_up'] = float(np.median(ratios))
            row['memory_share'] = best['peak_mib'] / rounds[0][0]['peak_mib']
            rows.append(row)
    return rows


def peak_of(call: Callable, device: str) -> int:
    """Bytes that a call adds to what was held before, at its highest."""
    before = _memory(device, reset=True)
    result = call()
    peak = _memory(device) - before
    del result
    return peak


def circumstances(
    options: argparse.Namespace, leave_out: tuple[str, ...] = ('out',)
) -> dict:
    """Hardware, version and options, for a file of results."""
    gpu = options.device == 'cuda'
    where = torch.cuda.get_device_name() if gpu else platform.processor()
    return {
        'hardware': where,
        'torch': torch.__version__,
        'options': {
            k: v for k, v in vars(options).items() if k not in leave_out
        },
    }


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Fit p of ``time ~ size ** p`` by least squares of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def extrapolate(sizes: list[int], seconds: list[float], size: int) -> float:
    """Seconds at a size by the power law through the last measured one."""
    power = exponent(sizes, seconds)
    return seconds[-1] * (size / sizes[-1]) ** power


def report(rows: list[dict], options: argparse.Namespace) -> None:
    """Print the cases, the exponents of each way, and write the JSON file."""
    for row in rows:
        print('  '.join(f'{k} {_short(v)}' for k, v in row.items()))
    ways = list(dict.fromkeys(row['way'] for row in rows))
    exponents = {}
    for way in ways if len(options.sizes) > 1 else ():
        mine = [row for row in rows if row['way'] == way]
        exponents[way] = exponent(
            [row['pixels'] for row in mine], [row['seconds'] for row in mine]
        )
        print(f'time ~ pixels ** {exponents[way]:.2f}  {way}')
    if options.out:
        text = {
            **circumstances(options),
            'rows': rows,
            'exponents': exponents,
        }
        options.out.write_text(json.dumps(text, indent=2) + '\n')


def _short(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def wait(device: str) -> None:
    """Let a GPU finish what it has to do."""
    if device == 'cuda':
        torch.cuda.synchronize()


def _memory(device: str, reset: bool = False) -> int:
    """Bytes in use now (``reset``), or at the highest since then."""
    if device == 'cuda':
        wait(device)
        if reset:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated()
    key = 'VmRSS:' if reset else 'VmHWM:'
    if reset:  # the high-water mark starts again from here
        Path('/proc/self/clear_refs').write_text('5')
    status = Path('/proc/self/status').read_text().splitlines()
    line = next(line for line in status if line.startswith(key))
    return int(line.split()[1]) * 1024
