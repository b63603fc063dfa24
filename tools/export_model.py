#!/usr/bin/env python
"""Export a trained model: ``export_model.py CONFIG CHECKPOINT model.onnx``.

Writes ONNX (``.onnx``) or TorchScript (``.pt``) of a segmentor or of a CAM
classifier. The file takes a photo (1, H, W, 3), uint8, RGB, of any size, and
holds normalisation, class names and palette. It is compared with the model on
three sizes before it is published. tools/onnx_example.py uses it.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import writing
from projects.amr.workflow.deploy.export_formats import (
    CHECKED_SIZES,
    export_onnx,
    export_torchscript,
)
from projects.amr.workflow.deploy.exported_model import exported, model_facts
from projects.amr.workflow.deploy.trained_model import load_trained
from projects.amr.workflow.launch.tool_setup import (
    add_common_arguments,
    add_trust_argument,
    load_config,
    run_tool,
    tool_parser,
)

FORMATS = {'.onnx': export_onnx, '.pt': export_torchscript}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument(
        'out_files', type=Path, nargs='+', help='.onnx or .pt files to write'
    )
    add_trust_argument(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Export to each file."""
    args = parse_args()
    for path in args.out_files:
        if path.suffix not in FORMATS:
            raise UserError(f'{path}: the name must end in .onnx or .pt')
    trained = load_trained(
        load_config(args), args.checkpoint, args.trust_checkpoint
    )
    facts = model_facts(trained)
    for path in args.out_files:
        with writing(path):
            worst = FORMATS[path.suffix](exported(trained), facts, path)
        print(
            f'{path}: {facts["kind"]} of {len(trained.classes)} labels, '
            f'outputs {" and ".join(facts["outputs"])}; equal to the model '
            f'within {worst:.1e} on {len(CHECKED_SIZES)} sizes'
        )


if __name__ == '__main__':
    run_tool(main)
