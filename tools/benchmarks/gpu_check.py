#!/usr/bin/env python
"""Check and measure everything on one GPU, in at most eight minutes.

Each part runs in processes of its own; one that fails or runs out of time is
reported, and the others go on. The exit status is 1 if any part failed.

- ``ops``, ``steps``, ``cams``, ``compile``: values on the device against
  those of the CPU, with times and peak memory (``device_checks.py``).
- ``costs``: unit costs of each stage (``stage_costs.py``).
- ``batched``: CAM making batched and image by image (``benchmark_cams.py``).
- ``walk``: the walk, sparse and dense (``benchmark_random_walk.py``).
- ``chain``: all stages of ``amr_toyvoc_scale`` on a few images.

``--short`` is the form for a CPU: toy networks, small images, one repeat.

    python tools/benchmarks/gpu_check.py --device cuda --out gpu_check.json
    python tools/benchmarks/gpu_check.py --short --out gpu_check.json
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import device_checks
import measuring
import stage_cases
import torch

HERE = Path(__file__).resolve().parent
# Shares of the time, the most important first.
PARTS = ('ops', 'steps', 'cams', 'chain', 'costs', 'batched', 'walk')
PARTS = (*PARTS, 'compile')
BUDGET = 480  # seconds
CHAIN = """
_base_ = {base!r}
name = 'gpu_check'
work_dir = {work_dir!r}
stage_overrides = {{
    'toy_set': dict(arguments=[{data!r}, '--preset', {preset!r}, '--set',
        'num_train=24', 'num_val=4', 'num_extra=0']),
    'cam_train': dict(cfg_options={{'train_cfg.max_epochs': 1}}),
    'affinity_train': dict(cfg_options={{'train_cfg.max_epochs': 1}}),
    'segmentor_train': dict(cfg_options={{'train_cfg.max_iters': 4}}),
}}
"""


def scripts(options: Namespace) -> dict[str, list[str]]:
    """Other benchmarks by part: script and options."""
    short = options.short
    common = ['--device', options.device, '--repeats', str(options.repeats)]
    costs = ['--small', '--size', '64', '72', '--batch', '2']
    full = ['--size', '375', '500', '--batch', '8']
    images = ['--sizes', '64', '--images', '2', '--scales', '0.5', '1.0']
    views = ['--sizes', '448', '--images', '8']
    sizes = ['24x30'] if short else ['64x64', '94x125']
    return {
        'costs': ['stage_costs.py', *(costs if short else full), *common],
        'batched': [
            'benchmark_cams.py',
            *(images if short else views),
            *common,
        ],
        'walk': ['benchmark_random_walk.py', '--sizes', *sizes, *common],
    }


def run_checks(part: str, options: Namespace) -> dict:
    """Rows of a part of ``device_checks.py``."""
    with tempfile.TemporaryDirectory() as folder:
        options.data = folder
        stage_cases.make_data(Path(folder), options.size, options.small)
        rows = device_checks.CHECKS[part](options)
    for row in rows:
        row['passed'] = bool(row['error'] <= row['bound'])  # NaN: False
    return dict(rows=rows, passed=all(row['passed'] for row in rows))


def run_script(command: list[str], seconds: float) -> dict:
    """Result file of another benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'result.json'
        command = [str(HERE / command[0]), *command[1:], '--out', str(out)]
        failure = call(command, seconds)
        found = json.loads(out.read_text()) if out.is_file() else {}
    return {**found, 'passed': failure is None, 'failure': failure}


def run_chain(options: Namespace, seconds: float) -> dict:
    """Results of all stages on a few images."""
    base = 'amr_toy.py' if options.short else 'amr_toyvoc_scale.py'
    base = measuring.ROOT / 'configs' / 'pipelines' / base
    with tempfile.TemporaryDirectory() as folder:
        work_dir, config = Path(folder) / 'work', Path(folder) / 'chain.py'
        data = str(Path(folder) / 'data')
        text = CHAIN.format(
            base=str(base),
            work_dir=str(work_dir),
            data=data,
            preset='tiny' if options.short else 'scale',
        )
        config.write_text(text)
        tool = measuring.ROOT / 'tools' / 'run_pipeline.py'
        roots = dict(TOYVOC_ROOT=data)
        failure = call([str(tool), str(config)], seconds, roots)
        summary = work_dir / 'summary.json'
        found = json.loads(summary.read_text()) if summary.is_file() else {}
    return {**found, 'passed': failure is None, 'failure': failure}


def call(
    command: list[str], seconds: float, env: dict | None = None
) -> str | None:
    """Run a script; return the end of its output if it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, **(env or {})},
        )
    except subprocess.TimeoutExpired:
        return f'stopped after {seconds:.0f} s'
    return done.stdout[-2000:] if done.returncode else None


def run_part(part: str, options: Namespace, seconds: float) -> dict:
    """Run a part; a failure becomes a result."""
    if part == 'chain':
        return run_chain(options, seconds)
    if part not in device_checks.CHECKS:
        return run_script(scripts(options)[part], seconds)
    try:
        return measuring.isolated(run_checks, part, options)
    except Exception as error:  # the other parts go on
        failure = f'{type(error).__name__}: {error}'
        return dict(passed=False, failure=failure[-2000:])


def page(content: dict) -> str:
    """Markdown page of the results."""
    lines = [f'# {content["hardware"]}, torch {content["torch"]}', '']
    for part, result in content['parts'].items():
        state = 'passed' if result['passed'] else 'FAILED'
        lines += [f'## {part}: {state}, {result["seconds"]:.0f} s', '']
        if result.get('failure'):
            lines += ['```', result['failure'], '```', '']
        lines += table(result.get('rows', []))
    return '\n'.join(lines) + '\n'


def table(rows: list[dict]) -> list[str]:
    """Lines of a Markdown table; a column for every key of any row."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if not keys:
        return []
    lines = [keys, ['---'] * len(keys)]
    lines += [[_cell(row.get(key, '')) for key in keys] for row in rows]
    return [f'| {" | ".join(line)} |' for line in lines] + ['']


def _cell(value: object) -> str:
    """A number in four digits."""
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def settle(options: Namespace) -> Namespace:
    """Fill in what ``--short`` and the device decide."""
    if options.device == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('--device cuda: torch finds no GPU; try --short')
    options.small = options.short
    options.size = [64, 72] if options.short else [375, 500]
    options.batch = 2 if options.short else 8
    options.budget = max(options.budget, 3600 * options.short)
    options.repeats = 1 if options.short else options.repeats
    return options


def main() -> None:
    """Run the parts in turn, and write the results after each."""
    options = settle(
        measuring.parse(
            __doc__.splitlines()[0],
            parts=list(PARTS),
            short=False,
            budget=BUDGET,
        )
    )
    os.environ.setdefault('OMP_NUM_THREADS', str(options.threads))
    content = {**measuring.circumstances(options), 'parts': {}}
    end = time.monotonic() + options.budget
    for part in options.parts:
        start = time.monotonic()
        left = max(end - start, 1.0)
        result = run_part(part, options, left)
        result['seconds'] = time.monotonic() - start
        content['parts'][part] = result
        state = 'passed' if result['passed'] else 'FAILED'
        print(f'{part}: {state}, {result["seconds"]:.0f} s', flush=True)
        if options.out:
            options.out.write_text(json.dumps(content, indent=2) + '\n')
            options.out.with_suffix('.md').write_text(page(content))
    good = [result['passed'] for result in content['parts'].values()]
    print(page(content))
    sys.exit(not all(good))


if __name__ == '__main__':
    main()
