"""Time what a training does to each image before the network sees it.

Per transform of the config's training pipeline, then for the whole batch:
collating and the data preprocessor. CPU time of one process, which other
processes on the machine hardly change; a loader with W workers needs that
time over W for each image, the last two rows apart.

    VOC_ROOT=... python tools/benchmarks/benchmark_data.py \
        configs/amr_r50_voc.py --num 32 --out data.json
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import cv2
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    load_config,
    run_tool,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config with a train_dataloader')
    parser.add_argument('--num', type=int, default=32, help='images')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--out', type=Path, help='JSON file of the results')
    add_common_arguments(parser)
    return parser.parse_args()


def timed(times: dict[str, float], name: str, call: Callable):
    """Call a function and add its CPU time, in seconds, up under a name."""
    start = time.process_time()
    result = call()
    times[name] = times.get(name, 0.0) + time.process_time() - start
    return result


def one_round(dataset, preprocessor, batch_size: int, num: int) -> dict:
    """CPU seconds by step, for some images that pass everything once."""
    times: dict[str, float] = {}
    batch = []
    for index in range(num):
        data = timed(times, 'item', lambda i=index: dataset.get_data_info(i))
        for number, step in enumerate(dataset.pipeline.transforms, 1):
            name = f'{number} {type(step).__name__}'
            data = timed(times, name, lambda s=step, d=data: s(d))
        batch.append(data)
        if len(batch) == batch_size or index == num - 1:
            whole = timed(times, 'collate', lambda b=batch: pseudo_collate(b))
            timed(
                times,
                'data preprocessor',
                lambda w=whole: preprocessor(w, training=True),
            )
            batch = []
    return times


def measure(cfg: Config, num: int, repeats: int) -> list[dict]:
    """Least CPU time of each step over some rounds, after one to warm up."""
    init_default_scope('mmseg')
    torch.set_num_threads(1)
    cv2.setNumThreads(cfg.env_cfg.mp_cfg.opencv_num_threads)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    num = min(num, len(dataset))
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    size = cfg.train_dataloader.batch_size
    rounds = [
        one_round(dataset, preprocessor, size, num) for _ in range(repeats + 1)
    ][1:]
    least = {name: min(r[name] for r in rounds) for name in rounds[0]}
    total = sum(least.values())
    return [
        {
            'step': name,
            'ms_per_image': 1000 * value / num,
            'share': value / total,
        }
        for name, value in least.items()
    ]


def main() -> None:
    """Measure, print a table, write the JSON file."""
    args = parse_args()
    cfg = load_config(args)
    rows = measure(cfg, args.num, args.repeats)
    for row in rows:
        print(
            f'{row["step"]:32s} {row["ms_per_image"]:8.3f} ms '
            f'{100 * row["share"]:5.1f} %'
        )
    total = sum(row['ms_per_image'] for row in rows)
    print(f'{"all":32s} {total:8.3f} ms of CPU time an image')
    if args.out:
        content = {
            'config': args.config,
            'images': args.num,
            'ms_per_image': total,
            'rows': rows,
        }
        args.out.write_text(json.dumps(content, indent=2) + '\n')


if __name__ == '__main__':
    run_tool(main)
