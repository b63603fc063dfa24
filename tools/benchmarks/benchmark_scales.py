"""Gain of each scale of CAM making: mIoU of subsets of the scales.

Every scale's maps are made once; those of a subset are their sum, normalised
and combined as :class:`MultiScaleCAM` does. ``passes`` is the work of a subset
in passes of an image at its own size and its mirrored twin.

    python tools/benchmarks/benchmark_scales.py CONFIG CHECKPOINT \
        --scales 0.5 0.75 1.0 1.25 1.5 1.75 2.0 --out scales.csv
"""

import argparse
import csv
from pathlib import Path

import measuring  # noqa: F401  the path to the project, before torch
import torch
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_checkpoint
from torch import Tensor

from projects.amr.models.cam_methods import CAMPrediction, MultiScaleCAM
from projects.amr.ops.cam import normalize_cam
from projects.amr.runtime.config.config_reading import add_cfg_options
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import load_config, run_tool


def subsets(scales: list[float]) -> list[tuple[float, ...]]:
    """Single scales, those around 1 growing outwards, all but one, all."""
    near = sorted(scales, key=lambda scale: (abs(scale - 1), scale))
    found = [(scale,) for scale in scales]
    found += [tuple(sorted(near[:n])) for n in range(2, len(scales))]
    found += [tuple(s for s in scales if s != left) for left in scales]
    return list(dict.fromkeys([*found, tuple(scales)]))


def name_of(subset: tuple[float, ...]) -> str:
    """Name of a subset's map."""
    return '+'.join(f'{scale:g}' for scale in subset)


def passes(subset: tuple[float, ...]) -> float:
    """Work of a subset, 1 for an image and its twin at scale 1."""
    return sum(scale * scale for scale in subset)


class SubsetCAM:
    """A CAM method that gives one map per subset of scales.

    Args:
        method (MultiScaleCAM): Its settings but for the scales.
        scales (list[float]): All scales.
    """

    def __init__(self, method: MultiScaleCAM, scales: list[float]):
        self.scales = tuple(scales)
        self.subsets = subsets(scales)
        self.single = {
            scale: MultiScaleCAM(
                scales=(scale,),
                flip=method.flip,
                output_stride=method.output_stride,
                max_view_pixels=None,
            )
            for scale in scales
        }

    @torch.no_grad()
    def __call__(self, model, images: list, labels: list) -> list:
        """Predictions with a map per subset."""
        return [
            self._one(model, image[None], label)
            for image, label in zip(images, labels, strict=True)
        ]

    def _one(self, model, image: Tensor, label: Tensor) -> CAMPrediction:
        """All subsets of one image."""
        classes = label.nonzero()[:, 0].to(image.device)
        made = {
            scale: method.merged_cams(model, image, [label])
            for scale, method in self.single.items()
        }
        cams = {}
        for subset in self.subsets:
            summed = {
                branch: sum(made[s][0][branch][0, classes] for s in subset)
                for branch in model.branches()
            }
            combined = model.combine(
                {name: normalize_cam(cam) for name, cam in summed.items()}
            )
            cams[name_of(subset)] = list(combined.values())[-1]
        return CAMPrediction(made[self.scales[0]][1][0], classes, cams)


def measure(cfg, checkpoint: str, scales: list[float]) -> dict[str, float]:
    """Metrics of all subsets, see :class:`CAMIoUMetric`."""
    for name in ('cam_writer', 'visualization'):
        cfg.default_hooks.pop(name, None)
    cfg.test_evaluator = [
        e for e in cfg.test_evaluator if e.type == 'CAMIoUMetric'
    ]
    runner = Runner.from_cfg(cfg)
    model = runner.model
    load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    model.cam_method = SubsetCAM(model.cam_method, scales)
    model.maps = tuple(map(name_of, model.cam_method.subsets))
    return runner.test()


def rows_of(metrics: dict[str, float], scales: list[float]) -> list[dict]:
    """One row a subset."""
    return [
        {
            'scales': name_of(subset),
            'passes': passes(subset),
            'fixed': metrics[f'cam/{name_of(subset)}/mIoU_fixed'],
            'best': metrics[f'cam/{name_of(subset)}/mIoU_best'],
        }
        for subset in subsets(scales)
    ]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--scales', type=float, nargs='+', required=True)
    parser.add_argument('--out', type=Path, help='CSV file of the rows')
    parser.add_argument('--work-dir')
    add_cfg_options(parser)
    args = parser.parse_args()
    args.launcher, args.local_rank = 'none', 0
    cfg = load_config(args)
    settle_config(cfg, ('test',), args.cfg_options)
    scales = sorted(args.scales)
    rows = rows_of(measure(cfg, args.checkpoint, scales), scales)
    print('\n| scales | passes | fixed | best |\n|---|---|---|---|')
    for row in rows:
        print(
            f'| {row["scales"]} | {row["passes"]:.2f} | {row["fixed"]:.2f} '
            f'| {row["best"]:.2f} |'
        )
    if args.out:
        with args.out.open('w', newline='') as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == '__main__':
    run_tool(main)
