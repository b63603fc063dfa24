#!/usr/bin/env python
"""Kill the toy chain again and again: ``python tools/benchmarks/chaos.py``.

Runs the stages of configs/pipelines/amr_toy.py on a dozen images, once
undisturbed, then in rounds that are killed by SIGKILL at random moments and
started again until they end. After each round every label map, seed, CAM
record and metric is compared with the undisturbed run's. Exit code 1 if
anything differs.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmengine.config import Config  # noqa: E402

from projects.amr.structures import published  # noqa: E402

PIPELINE = ROOT / 'configs' / 'pipelines' / 'amr_toy.py'
EPOCHS = {
    'train_cfg.max_epochs': 2,
    'param_scheduler.end': 2,
    'default_hooks.checkpoint.interval': 1,
    'train_dataloader.batch_size': 4,
}
OPTIONS = {
    'cam_train': {**EPOCHS, 'train_cfg.val_interval': 2},
    'affinity_train': EPOCHS,
    'segmentor_train': {
        'train_cfg.max_iters': 8,
        'train_cfg.val_interval': 8,
        'param_scheduler.end': 8,
        'default_hooks.checkpoint.interval': 2,
        'train_dataloader.batch_size': 4,
    },
}
ITEMS = ('*/labels/*.png', '*/cams/*.npz', '*/boundaries/*.npz')
HEAD = re.compile(r'\[\d+/\d+\] (\w+): (.*)')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--work-dir', type=Path, default='work_dirs/chaos', help='emptied'
    )
    return parser.parse_args()


def write_config(folder: Path) -> Path:
    """The toy chain on a dozen images, a few steps a training."""
    cfg = Config.fromfile(PIPELINE)
    data = '{work_dir}/toyvoc'
    text = json.dumps(cfg.to_dict()).replace(cfg.data_root, data)
    content = json.loads(text)
    for stage in content['stages']:
        more = OPTIONS.get(stage['name'], {})
        stage['cfg_options'] = {**stage.get('cfg_options', {}), **more}
    arguments = content['stages'][0]['arguments']
    arguments[arguments.index('--preset') + 1] = 'tiny'
    path = folder / 'chain.py'
    path.write_text(
        ''.join(f'{key} = {value!r}\n' for key, value in content.items())
    )
    return path


def start(config: Path, folder: Path) -> subprocess.Popen:
    """Start the chain."""
    command = [sys.executable, ROOT / 'tools' / 'run_pipeline.py', config]
    return subprocess.Popen(  # noqa: S603  our own tool
        [*map(str, command), '--work-dir', str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    )


def next_stage(process: subprocess.Popen) -> str | None:
    """Name of the stage that begins to run, None at the end."""
    for line in process.stdout:
        found = HEAD.match(line)
        if found and found[2] != 'finished before':
            return found[1]
    return None


def undisturbed(config: Path, folder: Path) -> dict[str, float]:
    """Run to the end; seconds of each stage."""
    process = start(config, folder)
    names, times = [], []
    while name := next_stage(process):
        names.append(name)
        times.append(time.monotonic())
    if process.wait():
        sys.exit(f'the undisturbed run failed, see {folder}')
    times.append(time.monotonic())
    spans = (b - a for a, b in zip(times, times[1:], strict=False))
    return dict(zip(names, spans, strict=True))


def round_of_kills(config, folder, seconds, rng, left: int) -> Counter:
    """Kill and start again until the chain ends; kills by stage."""
    kills = Counter()
    while True:
        process = start(config, folder)
        stage = next_stage(process)
        if stage is None:
            if process.wait():
                sys.exit(f'a run after kills failed, see {folder}')
            return kills
        if kills.total() < left:
            time.sleep(rng.uniform(0, 1.2 * seconds[stage]))
            process.kill()
            kills[stage] += process.wait() < 0
        process.communicate()


def outcome(folder: Path) -> dict:
    """Bytes of all items and the metrics of all stages."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in ITEMS
        for path in folder.glob(pattern)
    }
    summary = json.loads((folder / 'summary.json').read_text())
    for stage in summary['stages']:
        found[f'metrics of {stage["name"]}'] = stage['metrics']
    return found


def main() -> None:
    """Kill, compare, count."""
    args = parse_args()
    folder = args.work_dir.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = write_config(folder)
    seconds = undisturbed(config, folder / 'undisturbed')
    wanted = outcome(folder / 'undisturbed')
    rng = random.Random(args.seed)
    kills, rounds, faults = Counter(), 0, []
    while kills.total() < args.kills:
        work = folder / f'round{rounds}'
        left = args.kills - kills.total()
        kills += round_of_kills(config, work, seconds, rng, left)
        rounds += 1
        found = outcome(work)
        faults += [
            f'round {rounds}: {name}'
            for name in {**wanted, **found}
            if wanted.get(name) != found.get(name)
        ]
        faults += [str(path) for path in work.rglob('*.tmp')]
        print(
            f'{kills.total()} kills in {rounds} rounds: {dict(kills)}; '
            f'items compared a round: {len(wanted)}; lost, damaged or '
            f'different: {len(faults)}',
            flush=True,
        )
        shutil.rmtree(work)
    result = {
        'kills': dict(kills),
        'rounds': rounds,
        'items': len(wanted),
        'faults': faults,
    }
    with published(folder / 'chaos.json') as file:
        file.write(json.dumps(result, indent=1).encode())
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
