#!/usr/bin/env python
"""Bring files of the released codes into this project's formats.

``convert_released.py weights FILE OUT.pth``: a state dict of AMR, IRN,
AffinityNet, SEAM or a plain CAM classifier.
``convert_released.py cams FOLDER OUT_DIR``: pickled CAM dicts (``.npy``), one
an image, to CAM records. ``convert_released.py labels cls_labels.npy
OUT.csv``: pickled label vectors to a label file.

Nothing is run that a file names: weights are read with ``weights_only``,
pickles by an unpickler that knows arrays, tensors and containers.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import projects.amr.openmp  # noqa: F401  before torch

import torch
from released_data import (
    MAPS,
    convert_cam_file,
    convert_label_file,
)
from released_weights import (
    CONVERTERS,
    convert_weights,
)

from projects.amr.datasets import VOCWeakLabelDataset
from projects.amr.datasets.images.image_size import image_size
from projects.amr.errors import (
    DataError,
    list_faults,
)
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.files.atomic_write import atomic_write, writing
from projects.amr.structures.label_space import foreground_names
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('weights', 'cams', 'labels'):
        command = commands.add_parser(name)
        command.add_argument('source', type=Path)
        command.add_argument('out', type=Path)
        if name == 'weights':
            command.add_argument(
                '--kind', choices=['auto', *CONVERTERS], default='auto'
            )
        if name == 'cams':
            command.add_argument(
                '--map',
                choices=MAPS,
                default='cam',
                help='which map of IRN, AdvCAM and AMR files: at stride 4, '
                'or at image size',
            )
            command.add_argument(
                '--image-dir',
                type=Path,
                help='folder of the images, if the files have no sizes',
            )
    return parser.parse_args()


def convert_state(args) -> None:
    """Rename the weights of a state dict."""
    content = read_checkpoint(args.source)
    try:
        kind, state = convert_weights(
            content.get('state_dict', content), args.kind
        )
    except DataError as error:
        raise DataError(f'{args.source}: {error}') from None
    with atomic_write(args.out) as file:
        torch.save({'state_dict': state, 'meta': {'released': kind}}, file)
    print(f'{kind}: {len(state)} tensors in {args.out}')


def convert_cams(args) -> None:
    """Convert a folder of CAM files; damaged ones are listed at the end."""
    files = sorted(args.source.glob('*.npy'))
    if not files:
        raise DataError(f'no .npy files in {args.source}')
    args.out.mkdir(parents=True, exist_ok=True)
    faults = []
    for path in files:
        size = None
        try:
            if args.image_dir:
                size = image_size(args.image_dir / f'{path.stem}.jpg')
            convert_cam_file(
                path, args.out / f'{path.stem}.npz', args.map, size
            )
        except DataError as error:
            faults.append(str(error))
    print(f'{len(files) - len(faults)} CAM records in {args.out}')
    if faults:
        raise DataError(
            f'{len(faults)} of {len(files)} files were not converted:\n'
            f'{list_faults(faults)}'
        )


def convert_labels(args) -> None:
    """Convert VOC labels."""
    names = foreground_names(VOCWeakLabelDataset.METAINFO['classes'])
    count = convert_label_file(args.source, args.out, names)
    print(f'labels of {count} images in {args.out}')


def main() -> None:
    """Run the command."""
    args = parse_args()
    commands = {
        'weights': convert_state,
        'cams': convert_cams,
        'labels': convert_labels,
    }
    with writing(args.out):
        commands[args.command](args)


if __name__ == '__main__':
    run_tool(main)
