"""Time the unit cost of each stage, and say what the chain takes in hours.

Each stage runs in a process of its own on ToyVOC images of ``--size``, with
the networks of our VOC configs (``--small``: of the toy configs) and crops
scaled to the size, batches of ``--batch``. Costs are seconds an image, CPU
time on the CPU and wall time on a GPU, the least of ``--repeats``. Beside
each stands its floor on this machine (``machine_floor.py``) and, by torch's
profiler, what the rest of the time goes into. The hours follow from
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
from itertools import chain
from pathlib import Path

import machine_floor
import measuring
import stage_cases
import torch
import work_counter
from cost_model import (
    STAGES,
    Machine,
    Workload,
    pipeline_hours,
)
from mmengine.config import Config
from stage_cost_tables import HOST, cost_table, floor_table, hours_table

VOC = (10582, 1449)  # train_aug and val
COCO = (82081, 40137)  # annotated images of train2014 and val2014
DEVICES = (1, 2, 8)


def workload(root: Path) -> Workload:
    """What our VOC configs ask for."""
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


def count(parts) -> dict[str, list[work_counter.Work]]:
    """Run all parts once; return the operations of those on the device."""
    works, value = {}, None
    for name, part in parts.items():
        if name in HOST:
            value = part(value)
            continue
        with work_counter.counting() as works[name]:
            value = part(value)
    return works


def profile(parts, device: str) -> dict[str, float]:
    """Run all parts once; return seconds on the device by kind."""
    spent, value = {}, None
    for name, part in parts.items():
        if name in HOST:
            value = part(value)
            continue
        value, found = work_counter.profile(part, value, device)
        for kind, seconds in found.items():
            spent[kind] = spent.get(kind, 0.0) + seconds
    return spent


def run_case(stage: str, options) -> dict:
    """Measure one stage, all in seconds an image.

    Returns:
        dict: ``parts``, ``peak_mib``, ``gflop``; ``floors`` and ``profile``
        by kind of operation; ``part_floors``, of the products, by part;
        ``rates`` of the machine.
    """
    torch.set_num_threads(options.threads)
    parts = stage_cases.make_case(stage, options)
    works: dict[str, list] = {}
    peak = measuring.peak_of(
        lambda: works.update(count(parts)), options.device
    )
    rates = machine_floor.measure_rates(options.device)
    every = list(chain(*works.values()))
    seconds = {
        'parts': time_parts(parts, options),
        'floors': machine_floor.floors(every, rates),
        'part_floors': {
            name: machine_floor.floors(own, rates).get('products', 0.0)
            for name, own in works.items()
        },
        'profile': profile(parts, options.device),
    }
    images = options.batch
    return {
        **{
            key: {name: value / images for name, value in found.items()}
            for key, found in seconds.items()
        },
        'peak_mib': peak / 2**20,
        'gflop': sum(work.flops for work in every) / images / 1e9,
        'rates': rates._asdict(),
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


def report(costs: dict[str, dict], options) -> str:
    """Write the JSON file and the tables beside it; return the tables."""
    costs = {stage: costs[stage] for stage in STAGES if stage in costs}
    hours = all_hours(costs, workload(measuring.ROOT))
    text = '\n\n'.join(
        (cost_table(costs), floor_table(costs), hours_table(hours))
    )
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
