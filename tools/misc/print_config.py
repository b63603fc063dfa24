#!/usr/bin/env python
"""Print a config with all it inherits: ``print_config.py CONFIG``.

As tools/train.py would run it, --cfg-options and class_file applied, and a
pipeline's stage_overrides. The text is a config itself.
"""

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import add_cfg_options
from projects.amr.workflow.launch.tool_setup import (
    load_config,
    run_tool,
    tool_parser,
)
from projects.amr.workflow.pipeline.overrides import use_stage_overrides


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='any config')
    parser.add_argument(
        '--path',
        metavar='KEY',
        help='print this part alone: model.loss_cps, default_hooks',
    )
    add_cfg_options(parser)
    return parser.parse_args()


def find(cfg: Config, path: str):
    """Follow a dotted key: keys, and places in lists.

    Raises UserError if there is nothing; what is there instead is named.
    """
    value = cfg
    for depth, key in enumerate(path.split('.')):
        at_list = isinstance(value, (list, tuple))
        keys = list(map(str, range(len(value)))) if at_list else []
        if isinstance(value, (dict, Config)):
            keys = list(value)
        if key not in keys:
            where = '.'.join(path.split('.')[:depth]) or 'the config'
            found = f'it has {", ".join(keys)}' if keys else 'it is a value'
            raise UserError(f'{where} has no {key!r}: {found}')
        value = value[int(key)] if at_list else value[key]
    return value


def main() -> None:
    """Print."""
    args = parse_args()
    with redirect_stdout(sys.stderr):
        cfg = load_config(args)
        use_stage_overrides(cfg)
    if args.path is not None:
        name = args.path.rpartition('.')[2]
        # A place in a list is no name that a config could have.
        name = f'item_{name}' if name.isdigit() else name
        cfg = Config({name: find(cfg, args.path)})
    print(cfg.pretty_text)


if __name__ == '__main__':
    run_tool(main)
