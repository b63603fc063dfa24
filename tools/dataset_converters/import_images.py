#!/usr/bin/env python
"""Make a devkit folder of own photos: ``import_images.py IMAGES CSV OUT``.

The label file has either two columns, ``image,labels`` with the class names
separated by ``;``, or one column a class holding 0 or 1; or it is JSON,
``{"image": ["name", ...]}``. Photos are linked, not copied. All are read
once; whatever cannot be used is named. Run again, it brings OUT up to date.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.amr.datasets.labels.class_list import (
    find_classes,
    one_sided_classes,
    read_class_file,
)
from projects.amr.datasets.labels.label_agreement import (
    LabelAgreement,
    add_max_contradictions,
    check_max_contradictions,
)
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.label_words import doubtful_names
from projects.amr.datasets.own_photos.devkit_layout import (
    DevkitPlan,
    check_out_dir,
    write_devkit,
)
from projects.amr.datasets.own_photos.image_folder import (
    Photo,
    apply_no_label,
    list_photos,
    match_rows,
)
from projects.amr.datasets.own_photos.image_scan import PhotoScan, scan_photos
from projects.amr.datasets.own_photos.val_split import (
    check_share,
    choose_val,
    read_val_list,
)
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.workflow.launch.tool_setup import run_tool, tool_parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('image_dir', help='folder of photos, with sub-folders')
    parser.add_argument(
        'labels', help='CSV (with commas, semicolons or tabs) or JSON'
    )
    parser.add_argument('out_dir', help='folder to make, as VOC2012 would be')
    parser.add_argument(
        '--classes',
        help='text file that fixes the class list, one name a line, the '
        'first `background`; without it the names are those of the label '
        'file: in the order of its columns, else sorted',
    )
    parser.add_argument(
        '--mask-dir',
        help='folder of masks for evaluation, <path of the photo>.png; '
        'training needs none',
    )
    add_max_contradictions(parser)
    val = parser.add_mutually_exclusive_group()
    val.add_argument('--val-list', help='text file of validation photos')
    val.add_argument(
        '--val-share',
        type=float,
        default=0.1,
        help='share of the photos (of those with a mask, if any has one) '
        'that is kept for validation',
    )
    parser.add_argument(
        '--no-label',
        choices=['error', 'keep', 'drop'],
        default='error',
        help='what to do with photos that have a row and no label',
    )
    parser.add_argument(
        '--copy', action='store_true', help='copy the photos, make no links'
    )
    parser.add_argument(
        '--skip-bad',
        action='store_true',
        help='leave out rows without a photo, unreadable photos and masks',
    )
    return parser.parse_args()


def tell(what: str, names: list[str]) -> None:
    """Print what was left out, counted, the first ten named."""
    if names:
        print(f'NOTE: {len(names):,} {what}:\n{list_faults(names)}')


def match_photos(args: argparse.Namespace) -> tuple[list[Photo], tuple]:
    """Photos with labels, and the class list."""
    leave_out = [args.out_dir, *([args.mask_dir] if args.mask_dir else [])]
    paths, others, unread, links = list_photos(args.image_dir, leave_out)
    tell('pictures are of formats that are not read: convert them', unread)
    tell('linked folders are not entered: name the folder itself', links)
    table = read_label_table(args.labels)
    given = read_class_file(args.classes) if args.classes else None
    classes = find_classes(table, given)
    photos, missing = match_rows(paths, table, args.skip_bad)
    matched = {photo.path for photo in photos}
    unmatched = [repr(p) for p in paths.values() if p not in matched]
    kinds = [f'{n:,} files ending in {kind}' for kind, n in others.items()]
    photos, empty = apply_no_label(photos, args.no_label)
    tell('kinds of files are no images and passed over', sorted(kinds))
    tell('rows name no photo and are left out', missing)
    tell('photos have no row and are left out', unmatched)
    tell(f'photos have no label (--no-label {args.no_label})', empty)
    return photos, classes


def find_masks(args: argparse.Namespace, photos: list[Photo]) -> dict:
    """Masks of the photos by id."""
    if args.mask_dir is None:
        return {}
    paths = list_photos(args.mask_dir).photos
    masks = {
        photo.image_id: Path(args.mask_dir, paths[photo.image_id])
        for photo in photos
        if photo.image_id in paths
    }
    if not masks:
        raise DataError(f'{args.mask_dir} has no mask named as a photo is')
    return masks


def compare(
    found: PhotoScan, classes: tuple[str, ...], max_share: float
) -> None:
    """Print where masks and labels contradict; refuse too many."""
    agreement = LabelAgreement(classes)
    for photo in found.photos:
        if photo.image_id in found.masks:
            agreement.add(
                str(found.masks[photo.image_id]),
                photo.labels,
                found.mask_values[photo.image_id],
            )
    fault = agreement.fault(max_share)
    if fault:
        raise DataError(fault)
    for line in agreement.lines():
        print(f'NOTE: {line}')


def main() -> None:
    """Check all, then make the folder."""
    args = parse_args()
    check_out_dir(args.out_dir)
    check_share(args.val_share)
    check_max_contradictions(args.max_contradictions)
    photos, classes = match_photos(args)
    found = scan_photos(
        args.image_dir,
        photos,
        find_masks(args, photos),
        len(classes),
        args.skip_bad,
        partial(show_progress, total=len(photos), title='photos read'),
    )
    photos, masks = found.photos, found.masks
    tell('photos or masks cannot be used and are left out', found.faults)
    tell('photos show one colour alone', found.plain)
    converted = sorted(found.converted.items())
    tell(
        'kinds of photos are converted as they are loaded',
        [f'{count:,} of {kind}' for kind, count in converted],
    )
    compare(found, classes, args.max_contradictions)
    ids = [photo.image_id for photo in photos]
    if args.val_list:
        val = read_val_list(args.val_list, ids)
    else:
        val = choose_val(masks if len(masks) > 1 else ids, args.val_share)
    plan = DevkitPlan(
        Path(args.image_dir), tuple(photos), classes, frozenset(val), masks
    )
    made, kept = write_devkit(
        args.out_dir,
        plan,
        args.copy,
        lambda files: show_progress(files, len(files), 'files placed', True),
    )
    report(args, plan, made, kept)


def report(args, plan: DevkitPlan, made: int, kept: int) -> None:
    """Say what there is now, class by class."""
    print(f'{args.out_dir}: {made:,} files made, {kept:,} kept')
    lists = plan.lists()
    sizes = ', '.join(f'{name} {len(ids):,}' for name, ids in lists.items())
    print(f'{len(plan.photos):,} photos ({sizes}), {len(plan.masks):,} masks')
    counts = {name: [0, 0] for name in plan.classes[1:]}
    for photo in plan.photos:
        for name in photo.labels:
            counts[name][photo.image_id in plan.val] += 1
    for name, (train, val) in counts.items():
        print(f'  {name}: {train:,} to train on, {val:,} for validation')
    tell(
        'classes cannot be learned',
        one_sided_classes(
            {name: train for name, (train, _) in counts.items()},
            len(lists['train_aug']),
        ),
    )
    if not args.classes:
        sums = {name: sum(pair) for name, pair in counts.items()}
        tell('class names may be slips', doubtful_names(sums))


if __name__ == '__main__':
    run_tool(main)
