#!/usr/bin/env python
"""Generate a toy set: ``make_toy_voc.py data/ToyVOC --preset demo``."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.cpu import worker_count
from projects.amr.datasets.toy_voc import (
    PRESETS,
    ToyVOCSpec,
    generate_toy_voc,
)
from projects.amr.errors import UserError
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', help='folder to fill, as VOC2012 would be')
    parser.add_argument('--preset', choices=PRESETS, default='demo')
    parser.add_argument(
        '--set',
        nargs='+',
        default=[],
        metavar='KNOB=VALUE',
        help='knobs of ToyVOCSpec to change, values in JSON or plain words: '
        'noise=24 size=[64,80] heads=painted_over',
    )
    parser.add_argument(
        '--num-workers',
        type=worker_count,
        default=0,
        help='worker processes, auto: one per usable core',
    )
    return parser.parse_args()


def build_spec(preset: str, changes: list[str]) -> ToyVOCSpec:
    """Return a preset with the knobs of the command line changed."""
    knobs = {}
    for change in changes:
        knob, _, text = change.partition('=')
        try:
            knobs[knob] = json.loads(text)
        except ValueError:
            knobs[knob] = text
    try:
        return replace(PRESETS[preset], **knobs)
    except (ValueError, TypeError) as error:
        raise UserError(f'--set: {error}') from None


def main() -> None:
    """Generate the set, or find it complete."""
    args = parse_args()
    spec = build_spec(args.preset, args.set)
    root = generate_toy_voc(args.root, spec, args.num_workers)
    print(f'ToyVOC is complete in {root}')


if __name__ == '__main__':
    run_tool(main)
