#!/usr/bin/env python
"""Masks of colours into label maps: ``colour_masks.py MASKS PALETTE OUT_DIR``.

For what a person corrected in a labelling tool: every image under MASKS
becomes a palette PNG of labels under the same path in OUT_DIR, which
import_images.py takes as ``--mask-dir``. PALETTE is CVAT's ``labelmap.txt``,
a CSV of ``name,r,g,b`` or a JSON of ``name: [r, g, b]``; ``ignored`` becomes
255.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.datasets.images.image_ids import strip_image_suffix
from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.datasets.labels.colour_masks import (
    load_colour_mask,
    palette_labels,
    read_palette,
)
from projects.amr.datasets.own_photos.image_folder import list_photos
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures import save_label_map
from projects.amr.workflow.launch.tool_setup import run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('mask_dir', help='folder of masks, with sub-folders')
    parser.add_argument('palette', help='which colour is which class')
    parser.add_argument('out_dir', type=Path, help='a new or empty folder')
    parser.add_argument(
        '--classes',
        help='text file of the class list, background first; by default the '
        'order of the palette',
    )
    return parser.parse_args()


def main() -> None:
    """Read all masks, then write all label maps."""
    args = parse_args()
    if args.out_dir.exists() and any(args.out_dir.iterdir()):
        raise UserError(f'{args.out_dir} is not empty: choose another folder')
    classes = read_class_file(args.classes) if args.classes else None
    labels = palette_labels(read_palette(args.palette), classes)
    paths = list(list_photos(args.mask_dir).photos.values())
    check_all(Path(args.mask_dir), paths, labels)
    for path in show_progress(paths, len(paths), 'label maps'):
        target = args.out_dir / f'{strip_image_suffix(path)}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        save_label_map(
            target, load_colour_mask(Path(args.mask_dir, path), labels)
        )
    print(f'{args.out_dir}: {len(paths):,} label maps')


def check_all(folder: Path, paths: list[str], labels: dict) -> None:
    """Refuse masks that cannot be turned; all of them are named."""
    faults = []
    for path in show_progress(paths, len(paths), 'masks read'):
        try:
            load_colour_mask(folder / path, labels)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError(
            f'{len(faults)} of {len(paths)} masks cannot be turned into '
            f'labels:\n{list_faults(faults)}'
        )


if __name__ == '__main__':
    run_tool(main)
