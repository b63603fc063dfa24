#!/usr/bin/env python
"""Kill the toy chain again and again: ``python tools/benchmarks/chaos.py``.

Runs the stages of configs/pipelines/amr_toy.py on a dozen images, once
undisturbed, then in rounds that are killed by SIGKILL and started again until
they end. For each kill a stage is drawn, all alike however short they are,
then a moment within it. After each round every label map, seed, CAM record
and metric is compared with the undisturbed run's. It ends with the kills by
the stage that was hit, those never hit included. Exit code 1 if anything
differs.

Runner and stages are forked from this process, which has imported all that
they need, and killed together; ``--cold`` starts them as commands.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from chaos_chain import ROOT, Chain
from mmengine.config import Config

from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.workflow.pipeline.overrides import use_stage_overrides

PIPELINE = ROOT / 'configs' / 'pipelines' / 'amr_toy.py'
EPOCHS = {
    'train_cfg.max_epochs': 2,
    'param_scheduler.end': 2,
    'default_hooks.checkpoint.interval': 1,
    'train_dataloader.batch_size': 4,
}
OPTIONS = {
    'cam_train': {**EPOCHS, 'train_cfg.val_interval': 2},
    # After two epochs many CAMs are empty.
    'cam_make': {'default_hooks.cam_writer.max_empty': 1.0},
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
KILLS_A_ROUND = 25


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--cold', action='store_true', help='start processes as commands'
    )
    parser.add_argument(
        '--work-dir', type=Path, default='work_dirs/chaos', help='emptied'
    )
    return parser.parse_args()


def write_config(folder: Path) -> Path:
    """The toy chain on a dozen images, a few steps a training."""
    cfg = Config.fromfile(PIPELINE)
    use_stage_overrides(cfg)
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


def undisturbed(config: Path, folder: Path, cold: bool) -> dict[str, float]:
    """Run to the end; seconds of each stage."""
    chain = Chain(config, folder, cold)
    names, times = [], []
    while name := chain.next_stage():
        names.append(name)
        times.append(time.monotonic())
    if chain.wait():
        sys.exit(f'the undisturbed run failed, see {folder}')
    times.append(time.monotonic())
    spans = (b - a for a, b in pairwise(times))
    return dict(zip(names, spans, strict=True))


def plan_kills(stages, count: int, rng: random.Random) -> Counter:
    """Number of kills per stage: draws of equal chance."""
    return Counter(rng.choices(list(stages), k=count))


def round_of_kills(config, folder, seconds, plan, rng, cold) -> Counter:
    """Kill as planned and start again until the chain ends.

    A stage that ends before its moment comes is not begun again, so there
    may be fewer kills than planned, and some in the stage after.

    Args:
        config (Path): The pipeline config.
        folder (Path): The work dir.
        seconds (dict[str, float]): Of each stage, undisturbed.
        plan (Counter): Kills by stage.
        rng (random.Random): Draws the moments.
        cold (bool): Whether all processes start as commands.

    Returns:
        Counter: Kills by the stage that was hit.
    """
    kills, plan = Counter(), Counter(plan)
    while True:
        chain = Chain(config, folder, cold)
        stage = chain.next_stage()
        while stage is not None and not plan[stage]:
            stage = chain.next_stage()
        if stage is None:
            if chain.wait():
                sys.exit(f'a run after kills failed, see {folder}')
            return kills
        plan[stage] -= 1
        time.sleep(rng.uniform(0, seconds[stage]))
        hit, code = chain.kill(stage)
        kills[hit] += code < 0


def stage_table(kills: Counter, seconds: dict[str, float]) -> str:
    """Kills and undisturbed seconds of every stage; who was never hit."""
    width = max(map(len, seconds))
    lines = [f'{"stage":{width}}  kills  seconds']
    lines += [
        f'{name:{width}}  {kills[name]:5d}  {span:7.1f}'
        for name, span in seconds.items()
    ]
    never = [name for name in seconds if not kills[name]]
    lines.append(f'never hit: {", ".join(never) or "none"}')
    return '\n'.join(lines)


def outcome(folder: Path) -> dict:
    """Bytes of all items and the metrics of all stages."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in ITEMS
        for path in folder.glob(pattern)
    }
    summary = json.loads((folder / 'summary.json').read_text())
    for stage in summary['stages']:
        # How often a check was begun is in its figures.
        if stage['name'] == 'check':
            continue
        found[f'metrics of {stage["name"]}'] = stage['metrics']
    return found


def differences(folder: Path, wanted: dict) -> list[str]:
    """Names of items and metrics that are not as wanted; files left over."""
    found = outcome(folder)
    names = {**wanted, **found}
    wrong = [name for name in names if wanted.get(name) != found.get(name)]
    return [*wrong, *(str(path) for path in folder.rglob('*.tmp'))]


def main() -> None:
    """Kill, compare, count."""
    args = parse_args()
    folder = args.work_dir.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = write_config(folder)
    seconds = undisturbed(config, folder / 'undisturbed', args.cold)
    wanted = outcome(folder / 'undisturbed')
    rng = random.Random(args.seed)
    kills, rounds, faults = Counter(), 0, []
    while kills.total() < args.kills:
        work = folder / f'round{rounds}'
        count = min(args.kills - kills.total(), KILLS_A_ROUND)
        plan = plan_kills(seconds, count, rng)
        kills += round_of_kills(config, work, seconds, plan, rng, args.cold)
        rounds += 1
        found = differences(work, wanted)
        faults += [f'round {rounds}: {name}' for name in found]
        print(
            f'{kills.total()} kills in {rounds} rounds: {dict(kills)}; '
            f'items compared a round: {len(wanted)}; lost, damaged or '
            f'different: {len(faults)}',
            flush=True,
        )
        if faults:
            print('\n'.join(f'  {fault}' for fault in faults[-20:]))
            sys.exit(f'see {work} and {folder / "undisturbed"}')
        shutil.rmtree(work)
    print(stage_table(kills, seconds))
    result = {
        'seed': args.seed,
        'kills': {name: kills[name] for name in seconds},
        'seconds': seconds,
        'rounds': rounds,
        'items': len(wanted),
        'faults': faults,
    }
    with atomic_write(folder / 'chaos.json') as file:
        file.write(json.dumps(result, indent=1).encode())
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
