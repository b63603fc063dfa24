#!/usr/bin/env python
"""Measure what AMMs follow and close: ``probe_amm.py CONFIG CHECKPOINT``.

An AMM is to suppress what is most discriminative. On photos of the test split,
spread evenly, and their first labelled class, a line per AMM has the rank
correlation of channels' attention and share in the class score (1: the most
sensitive are the most discriminative), that of positions' gate and spotlight's
CAM (-1: the gate closes where the spotlight is strong), and the gate's values.
Means over photos, with deviations.
"""

import argparse
import sys
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import numpy as np
from mmengine.dataset import pseudo_collate

from projects.amr.errors import UserError
from projects.amr.models.classifiers import AMR
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.workflow.deploy.trained_model import load_trained
from projects.amr.workflow.inspection.amm_probe import AMMProbe
from projects.amr.workflow.inspection.dataset_samples import SampleBrowser
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    load_config,
    run_tool,
    tool_parser,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config of AMR')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--num', type=int, default=48, help='photos')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Probe and print."""
    args = parse_args()
    cfg = load_config(args)
    settle_config(cfg, ('test',), args.cfg_options)
    model = load_trained(cfg, args.checkpoint).model
    if not isinstance(model, AMR):
        raise UserError(f'{args.config} has no AMR')
    try:
        probe = AMMProbe(model)
    except ValueError as error:
        raise UserError(f'{args.config}: {error}') from None
    browser, found = SampleBrowser(cfg, 'test'), {}
    places = browser.spread(args.num)
    for place in show_progress(places, len(places), 'photos'):
        batch = pseudo_collate([browser.dataset[place]])
        data = model.data_preprocessor(batch, False)
        labels = data['data_samples'][0].gt_label
        if not labels.any():
            continue
        label = int(labels.argmax())
        for name, facts in probe(data['inputs'][0], label).items():
            values = (*vars(facts).values(),)
            found.setdefault(name, []).append(values)
    if not found:
        raise UserError(f'{args.config}: no test image has a label')
    print(f'{"AMM":<40} attention~share gate~spotlight gate')
    for name, values in found.items():
        print(_line(name, values))
    print(_line('all', [*chain(*found.values())]))


def _line(name: str, values: list) -> str:
    """Means and deviations of (channel, spatial, gate, its deviation)."""
    mean, spread = np.nanmean(values, 0), np.nanstd(values, 0)
    return (
        f'{name:<40} {mean[0]:5.2f} ± {spread[0]:.2f}    '
        f'{mean[1]:5.2f} ± {spread[1]:.2f}   {mean[2]:.2f} ± {mean[3]:.2f}'
    )


if __name__ == '__main__':
    run_tool(main)
