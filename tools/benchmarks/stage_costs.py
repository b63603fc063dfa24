"""Time the unit cost of each stage, and say what the chain takes in hours.

Each stage runs in a process of its own on ToyVOC images of ``--size``, with
the networks of our VOC configs (``--small``: of the toy configs) and crops
scaled to the size, batches of ``--batch``. Costs are seconds an image, CPU
time on the CPU and wall time on a GPU, the least of ``--repeats``; the
operations of the networks are those that torch counts. The hours follow from
``tools/benchmarks/cost_model.py``, which states its assumptions; they mean
something only for full networks at full size. ``--known`` takes the stages of
an earlier run's JSON file over, so that they can be measured in pieces.

    python tools/benchmarks/stage_costs.py --size 375 500 --device cuda \
        --batch 8 --out stage_costs.json
"""

import json
import os
import tempfile
import time
from pathlib import Path

import measuring
import stage_cases
import torch
from cost_model import (
    STAGES,
    Machine,
    Workload,
    pipeline_hours,
)
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

VOC = (10582, 1449)  # train_aug and val
COCO = (82081, 40137)  # annotated images of train2014 and val2014
DEVICES = (1, 2, 8)
NETWORK = ('forward', 'backward', 'network')  # parts that are counted


def workload(root: Path) -> Workload:
    """Settings of our VOC configs."""
    cfgs = {
        name: Config.fromfile(root / 'configs' / files[0])
        for name, files in stage_cases.CONFIGS.items()
    }
    return Workload(
        *VOC,
        cfgs['classifier'].train_cfg.max_epochs,
        cfgs['affinity'].train_cfg.max_epochs,
        cfgs['segmentor'].train_cfg.max_iters,
        cfgs['segmentor'].train_dataloader.batch_size,
    )


def time_parts(parts, options) -> dict[str, float]:
    """Least seconds of each part over some runs of all."""
    clock = time.process_time
    if options.device == 'cuda':
        clock = time.perf_counter
    least: dict[str, float] = {}
    for _ in range(options.repeats):
        value = None
        for name, part in parts.items():
            measuring.wait(options.device)
            start = clock()
            value = part(value)
            measuring.wait(options.device)
            spent = clock() - start
            least[name] = min(least.get(name, spent), spent)
    return least


def count(parts) -> int:
    """Run all parts once; return the operations of the network's."""
    total, value = 0, None
    for name, part in parts.items():
        if name not in NETWORK:
            value = part(value)
            continue
        with FlopCounterMode(display=False) as counter:
            value = part(value)
        total += counter.get_total_flops()
    return total


def run_case(stage: str, options) -> dict:
    """Measure one stage: ``parts`` (seconds an image), MiB and GFLOP."""
    torch.set_num_threads(options.threads)
    parts = stage_cases.make_case(stage, options)
    counted = []
    peak = measuring.peak_of(
        lambda: counted.append(count(parts)), options.device
    )
    seconds = time_parts(parts, options)
    return {
        'parts': {k: value / options.batch for k, value in seconds.items()},
        'peak_mib': peak / 2**20,
        'gflop': counted[0] / options.batch / 1e9,
    }


def all_hours(costs: dict[str, dict], work: Workload) -> dict[str, dict]:
    """Hours by stage for both datasets and all numbers of devices."""
    parts = {stage: row['parts'] for stage, row in costs.items()}
    works = {'VOC': work, 'COCO': work.scaled(*COCO)}
    return {
        f'{name}, {n} device{"s" * (n > 1)}': pipeline_hours(
            parts, own, Machine(n)
        )
        for name, own in works.items()
        for n in DEVICES
    }


def cost_table(costs: dict[str, dict]) -> str:
    """Markdown table of the unit costs."""
    lines = [
        '| stage | GFLOP an image | ms an image | shares | peak MiB |',
        '|---|---:|---:|---|---:|',
    ]
    for stage, row in costs.items():
        total = sum(row['parts'].values())
        shares = ', '.join(
            f'{name} {100 * value / total:.0f} %'
            for name, value in row['parts'].items()
        )
        lines.append(
            f'| {stage} | {row["gflop"]:.1f} | {1000 * total:.1f} | {shares} '
            f'| {row["peak_mib"]:.0f} |'
        )
    return '\n'.join(lines)


def hours_table(hours: dict[str, dict]) -> str:
    """Markdown table of the hours."""
    stages = list(next(iter(hours.values())))
    lines = [
        '| hours | ' + ' | '.join(stages) + ' |',
        '|---|' + '---:|' * len(stages),
    ]
    for name, row in hours.items():
        cells = ' | '.join(f'{row[stage]:.3g}' for stage in stages)
        lines.append(f'| {name} | {cells} |')
    return '\n'.join(lines)


def report(costs: dict[str, dict], options) -> str:
    """Write the JSON file and the tables beside it; return the tables."""
    costs = {stage: costs[stage] for stage in STAGES if stage in costs}
    hours = all_hours(costs, workload(measuring.ROOT))
    text = '\n\n'.join((cost_table(costs), hours_table(hours)))
    if options.out:
        content = {
            **measuring.circumstances(options, leave_out=('out', 'data')),
            'costs': costs,
            'machine': vars(Machine()),
            'hours': hours,
        }
        options.out.write_text(json.dumps(content, indent=2) + '\n')
        options.out.with_suffix('.md').write_text(text + '\n')
    return text


def main() -> None:
    """Run the stages one after the other, and report after each."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        size=[375, 500],
        batch=2,
        stages=list(STAGES),
        small=False,
        known='',
    )
    known = Path(options.known or os.devnull).read_text()
    costs = json.loads(known)['costs'] if known else {}
    with tempfile.TemporaryDirectory() as folder:
        options.data = folder
        stage_cases.make_data(Path(folder), options.size, options.small)
        for stage in options.stages:
            costs[stage] = measuring.isolated(run_case, stage, options)
            total = sum(costs[stage]['parts'].values())
            print(f'{stage}: {1000 * total:.1f} ms an image', flush=True)
            text = report(costs, options)
    print('\n' + text)


if __name__ == '__main__':
    main()
