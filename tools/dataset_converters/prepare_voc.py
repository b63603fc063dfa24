#!/usr/bin/env python
"""Prepare VOC 2012 with SBD's masks: ``prepare_voc.py --out-dir data``.

Makes OUT_DIR/VOCdevkit/VOC2012 as the configs expect it: VOC's files,
``SegmentationClassAug`` and the list ``train_aug.txt`` of 10,582 images.
Name archives that you have with --voc-tar and --sbd-tar; others are
downloaded. A VOC that is unpacked there already is used. Interrupted, the
same command resumes.
"""

import argparse
import errno
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.errors import UserError
from projects.amr.runtime.files.disk_space import require_space
from projects.amr.runtime.processes.stop_signals import stop_tells
from projects.amr.runtime.processes.work_dir_lock import work_dir_lock
from projects.amr.workflow.data_preparation.archives import (
    SBD,
    VOC2012,
    KnownArchive,
    fetch_archive,
    verify_archive,
)
from projects.amr.workflow.data_preparation.voc_preparation import (
    TRAIN_LIST,
    Preparation,
    prepare_voc,
)
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument(
        '--out-dir', type=Path, default=Path('data'), help='default: data'
    )
    parser.add_argument('--voc-tar', type=Path, help=VOC2012.name)
    parser.add_argument('--sbd-tar', type=Path, help=SBD.name)
    parser.add_argument(
        '--download-dir',
        type=Path,
        help='where downloads are kept, by default OUT_DIR/downloads',
    )
    parser.add_argument(
        '--no-verify',
        action='store_true',
        help='take archives whose bytes are not the published ones',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace files that are there and differ from the archives',
    )
    return parser.parse_args()


def obtain(
    known: KnownArchive, given: Path | None, args: argparse.Namespace
) -> Path:
    """Archive of the user, checked, or a download, which pooch checks."""
    if given is None:
        folder = args.download_dir or args.out_dir / 'downloads'
        print(f'{known.title}: {folder / known.name}', flush=True)
        return fetch_archive(known, folder)
    if args.no_verify:
        print(f'NOTE: {given} is not verified (--no-verify)')
        return given
    verify_archive(given, known)
    print(f'{given} is the published {known.name} ({known.algorithm})')
    return given


def check_space(args: argparse.Namespace, root: Path, unpack: bool) -> None:
    """Look for the room that all steps together need, before the first.

    Where unpacking has begun, only the downloads are counted: what is left
    to unpack is counted later, file by file.
    """
    folder = args.download_dir or args.out_dir / 'downloads'
    wanted = [(VOC2012, args.voc_tar)] if unpack else []
    downloads = sum(
        known.about
        for known, given in [*wanted, (SBD, args.sbd_tar)]
        if given is None and not (folder / known.name).is_file()
    )
    unpacked = 0 if root.exists() else VOC2012.about
    if args.voc_tar is not None and args.voc_tar.is_file():
        unpacked = min(unpacked, args.voc_tar.stat().st_size)
    if args.download_dir is None:  # on the same disk
        require_space(args.out_dir, downloads + unpacked)
    else:
        require_space(args.download_dir, downloads)
        require_space(args.out_dir, unpacked)


def prepare(args: argparse.Namespace, root: Path) -> Preparation:
    """Get the archives, fill the folder."""
    voc = None
    unpack = bool(args.voc_tar) or not (root / TRAIN_LIST).is_file()
    check_space(args, root, unpack)
    if unpack:
        voc = obtain(VOC2012, args.voc_tar, args)
    else:
        print(f'VOC 2012 is unpacked in {root}: it is used as it is')
    sbd = obtain(SBD, args.sbd_tar, args)
    root.mkdir(parents=True, exist_ok=True)
    with work_dir_lock(root):
        return prepare_voc(root, voc, sbd, args.overwrite)


def main() -> None:
    """Prepare, then say what there is."""
    args = parse_args()
    root = args.out_dir / 'VOCdevkit' / 'VOC2012'
    try:
        with stop_tells(lambda: 'stopped: run the same command to resume'):
            done = prepare(args, root)
    except OSError as error:
        first = 'make room' if error.errno == errno.ENOSPC else 'fix that'
        raise UserError(
            f'{root} cannot be written ({error}): {first}, then run the same '
            'command again, it resumes'
        ) from None
    print(f'{root}: {done.made:,} files made, {done.kept:,} kept')
    for name, count in done.counts.items():
        print(f'  {name}.txt: {count:,} images')
    masks = ', '.join(f'{n:,} of {name}' for name, n in done.masks.items())
    print(f'  SegmentationClassAug: {sum(done.masks.values()):,} ({masks})')
    for text in done.warnings():
        print(f'WARNING: {text}')
    print(f'Next: export VOC_ROOT={root.resolve()}')


if __name__ == '__main__':
    run_tool(main)
