#!/usr/bin/env python
"""Rank photos by doubt: ``rank_doubt.py PSEUDO_DIR OUT_DIR --data-root ROOT``.

Which masks should a person correct first? Doubt is the share of pixels in
which pseudo label and segmentor (--pred-dir) and in which the branches of the
CAM records (--cam-dir) disagree, the mean of both, plus the share of image
labels without a pixel. Writes ``doubt.csv``, most doubtful first, and picture
strips of the first photos.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.datasets.labels.label_file import csv_text
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import write_file, writing
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.workflow.labels.doubtful_photos import DoubtSources
from projects.amr.workflow.labels.mask_tools import (
    add_folder_arguments,
    open_folder,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser

COLUMNS = ('doubt', 'branches', 'segmentor', 'missing')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('pseudo_dir', type=Path, help='pseudo labels')
    parser.add_argument('out_dir', type=Path, help='folder to write')
    parser.add_argument(
        '--pred-dir', type=Path, help="folder of the segmentor's <id>.png"
    )
    parser.add_argument('--cam-dir', type=Path, help='folder of CAM records')
    parser.add_argument(
        '--bg-thr',
        type=float,
        default=0.2,
        help='background score that turns CAMs into labels',
    )
    parser.add_argument(
        '--pictures', type=int, default=50, help='how many are drawn'
    )
    add_folder_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Rank, write, draw."""
    args = parse_args()
    folder = open_folder(args)
    sources = DoubtSources(
        folder, args.pseudo_dir, args.pred_dir, args.cam_dir, args.bg_thr
    )
    found, faults = {}, []
    for image_id in show_progress(folder.ids, len(folder.ids), 'photos'):
        try:
            found[image_id] = sources.doubt(image_id)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError(
            f'{len(faults)} of {len(folder.ids)} photos cannot be ranked:\n'
            f'{list_faults(faults)}'
        )
    ranked = sorted(found, key=lambda i: (-found[i].doubt, i))
    shown = ranked[: max(args.pictures, 0)]
    with writing(args.out_dir):
        write(args.out_dir, sources, found, ranked, shown)
    print(f'{args.out_dir}: doubt.csv, {len(shown):,} pictures')
    for image_id in ranked[:5]:
        print(f'  {found[image_id].doubt:.3f}  {image_id}')


def write(out_dir: Path, sources, found: dict, ranked, shown) -> None:
    """Publish the table, then the pictures."""
    pictures = out_dir / 'pictures'
    pictures.mkdir(parents=True, exist_ok=True)
    for path in pictures.glob('[0-9][0-9][0-9][0-9]_*.jpg'):
        path.unlink()  # of another ranking
    rows = (
        [image_id, *(_figure(getattr(found[image_id], c)) for c in COLUMNS)]
        for image_id in ranked
    )
    write_file(out_dir / 'doubt.csv', csv_text(('image', *COLUMNS), rows))
    numbered = list(enumerate(shown, 1))
    for number, image_id in show_progress(numbered, len(shown), 'pictures'):
        path = pictures / f'{number:04d}_{image_id}.jpg'
        write_file(path, sources.picture(image_id))


def _figure(value: float | None) -> str:
    return '' if value is None else f'{value:.4f}'


if __name__ == '__main__':
    run_tool(main)
