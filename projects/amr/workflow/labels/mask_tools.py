"""What the tools on folders of label maps share."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from projects.amr.cpu import worker_count
from projects.amr.datasets import VOCFolder
from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import label_notes
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.sharding import (
    Shard,
    add_shard_arguments,
    read_shard,
)
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.workflow.labels.label_job import (
    LabelMapJob,
    LabelResult,
    total_scores,
)
from projects.amr.workflow.launch.own_classes import fit_class_file
from projects.amr.workflow.launch.tool_setup import package_versions


def add_folder_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which images, masks and classes."""
    parser.add_argument(
        '--data-root',
        required=True,
        help='folder that holds JPEGImages, as VOC2012 or a ToyVOC set',
    )
    parser.add_argument(
        '--split',
        default='train',
        help='list in ImageSets/Segmentation, or the path of a .txt',
    )
    parser.add_argument(
        '--mask-dir',
        default='SegmentationClass',
        help='folder of the masks under the data root',
    )
    parser.add_argument(
        '--classes-from',
        '--config',
        metavar='CONFIG',
        help='config whose test set names the classes; without it they are '
        "those of the data root's classes.txt or toyvoc.json, or VOC's",
    )


def add_generation_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of tools that make label maps."""
    parser.add_argument(
        '--out-dir', required=True, help='folder of the label maps'
    )
    parser.add_argument(
        '--crf',
        choices=['dense', 'none'],
        help='dense CRF or none',
    )
    parser.add_argument(
        '--num-workers',
        type=worker_count,
        default=0,
        help='worker processes, auto: one a usable core; the label maps do '
        'not depend on it',
    )
    add_shard_arguments(parser)


def open_folder(args: argparse.Namespace) -> VOCFolder:
    """Open the split that the flags name.

    Args:
        args (argparse.Namespace): Of :func:`add_folder_arguments`.

    Returns:
        VOCFolder: The split.

    Raises:
        UserError: If the config cannot be read or names no test set.
    """
    classes = None
    if args.classes_from is not None:
        classes = config_classes(args.classes_from)
    return VOCFolder.open(args.data_root, args.split, classes, args.mask_dir)


def config_classes(path: str) -> tuple[str, ...] | None:
    """Class names of a config's test set.

    Args:
        path (str): Config file.

    Returns:
        tuple[str, ...] | None: Names, background first; None if the config
        leaves them to its dataset class.

    Raises:
        UserError: If there is no such config, or it has no test set.
    """
    cfg = read_config(path)
    fit_class_file(cfg)
    try:
        dataset = cfg.test_dataloader.dataset
    except AttributeError as error:
        raise UserError(f'config {path}: {error}') from None
    names = (dataset.get('metainfo') or {}).get('classes')
    return None if names is None else tuple(names)


def make_labels(
    job: LabelMapJob,
    args: argparse.Namespace,
    title: str,
    summary_name: str,
) -> None:
    """Make a folder of label maps, print its scores, write its summary.

    One of several shards makes its own label maps alone; scores and summary
    are those of all, and so of the call without a shard that follows.

    Args:
        job (LabelMapJob): What is made.
        args (argparse.Namespace): Of :func:`add_generation_arguments`.
        title (str): How messages call the label maps.
        summary_name (str): File name of the summary in the output folder.
    """
    shard = read_shard(args)
    folder = job.folder
    job.folder = replace(folder, ids=shard.take(folder.ids))
    changed = job.prepare()
    if changed:
        print(
            f'{job.out_dir}: {", ".join(changed)} changed since these '
            f'{title} were made; they are redone'
        )
        (job.out_dir / summary_name).unlink(missing_ok=True)
    results, kept = run_items(
        job, job.folder.ids, num_workers=args.num_workers, title=title
    )
    job.require_own()
    made = f'{len(results) - kept:,} made, {kept:,} kept from an earlier run'
    if shard.count > 1:
        print(_shard_note(f'{title} in {job.out_dir}: {made}', shard))
        return
    print(f'{title} in {job.out_dir}: {made}')
    report_labels(job, results, title, summary_name)


def _shard_note(made: str, shard: Shard) -> str:
    """What to say at the end of one of several shards."""
    return (
        f'{made} (shard {shard}). When all {shard.count} shards are done, '
        'the same command without --shard or --launcher scores them'
    )


def report_labels(
    job: LabelMapJob,
    results: dict[str, LabelResult],
    title: str,
    summary_name: str,
) -> None:
    """Print the scores of a finished folder and write its summary.

    Args:
        job (LabelMapJob): What was made.
        results (dict[str, LabelResult]): By item, of all items.
        title (str): How messages call the label maps.
        summary_name (str): File name of the summary in the output folder.
    """
    folder = job.folder
    coverage, scores = total_scores(results, folder.classes)
    print(f'share of pixels with a label: {coverage:.2f} %')
    counts = sum(result.counts for result in results.values())
    notes = label_notes(counts, folder.classes, title)
    for note in notes:
        print(f'NOTE: {note}')
    if scores is None:
        print(f'no masks in {folder.mask_dir}: nothing to score against')
    else:
        print(f'against {scores.num_images:,} masks, in percent:')
        print(scores.table(title))
    summary = {
        'settings': job.settings,
        'inputs': [str(path) for path in job.inputs],
        'data_root': str(folder.root),
        'images': len(results),
        'coverage': coverage,
        'label_notes': notes,
        'scores': None if scores is None else scores.summary(),
    }
    write_json(job.out_dir / summary_name, summary)


def write_json(path: str | Path, content: dict) -> None:
    """Write a summary, with the versions of the packages.

    Args:
        path (str | Path): Target file.
        content (dict): The summary.

    Raises:
        UserError: If it cannot be written.
    """
    try:
        with atomic_write(path) as file:
            text = json.dumps(
                {**content, 'versions': package_versions()}, indent=1
            )
            file.write(text.encode())
    except OSError as error:
        raise UserError(f'summary {path}: {error}') from None
    print(f'Summary: {path}')
