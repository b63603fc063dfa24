"""The command line of tools that make a folder of label maps."""

import argparse
from pathlib import Path

from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import label_notes
from projects.amr.evaluation.mask_evaluation import MaskScores
from projects.amr.evaluation.nested_results import rounded
from projects.amr.runtime.config.config_reading import (
    add_cfg_options,
    require_keys,
)
from projects.amr.runtime.files.sharding import (
    add_shard_arguments,
    read_shard,
)
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.workflow.ablation.grid import SUMMARY
from projects.amr.workflow.labels.label_job import LabelMapJob, LabelResult
from projects.amr.workflow.labels.mask_tools import publish_summary
from projects.amr.workflow.launch.config_agreement import settle_config
from projects.amr.workflow.launch.tool_setup import load_config, tool_parser

NEEDED = ('test_dataloader', 'label_transform')


def make_labels(text: str, title: str, prefix: str) -> None:
    """Make the label maps of a config, print and write their scores.

    The config's ``label_transform`` is applied to the images of
    ``test_dataloader.dataset``, in ``test_dataloader.num_workers``
    processes. One of several shards makes its own label maps alone; scores
    are those of all, and so of the call without a shard that follows.

    ``text`` is the tool's help, ``title`` what messages call the label maps,
    ``prefix`` that of the metrics' names in the summary. Raises UserError if
    the config lacks a key, or see :class:`LabelMapJob`.
    """
    args = _parse_args(text)
    shard = read_shard(args)
    args.launcher = 'none'  # each shard is a process of its own
    cfg = load_config(args)
    require_keys(cfg, 'test', NEEDED)
    settle_config(cfg, ('test',), args.cfg_options)
    loader, work_dir = cfg.test_dataloader, Path(cfg.work_dir)
    out_dir = args.out or work_dir / 'labels'
    try:
        job = LabelMapJob(loader.dataset, cfg.label_transform, out_dir)
    except UserError:  # of the data
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f'{args.config}: {error}') from None
    title += job.cue
    items = shard.take(tuple(job.infos))
    changed = job.prepare(items)
    if changed:
        print(
            f'{job.out_dir}: {", ".join(changed)} changed since these '
            f'{title} were made; they are redone'
        )
        (work_dir / SUMMARY).unlink(missing_ok=True)
    results, kept = run_items(
        job, items, num_workers=loader.get('num_workers', 0), title=title
    )
    job.require_own()
    made = f'{len(results) - kept:,} made, {kept:,} kept from an earlier run'
    note = f'{title} in {job.out_dir}: {made}'
    if shard.count > 1:
        print(
            f'{note} (shard {shard}). When all {shard.count} shards are done, '
            'the same command without --shard or --launcher scores them'
        )
        return
    print(note)
    summary = {
        'config': str(args.config),
        'settings': job.settings,
        'split': str(loader.dataset.ann_file),
        'images': len(results),
        **_report(list(results.values()), job.classes, title, prefix),
    }
    publish_summary(work_dir / SUMMARY, summary)


def _parse_args(text: str) -> argparse.Namespace:
    parser = tool_parser(text)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of summary and label maps')
    parser.add_argument(
        '--out', help='folder of the label maps, else `labels` in the work dir'
    )
    add_cfg_options(parser)
    add_shard_arguments(parser)
    return parser.parse_args()


def _report(
    results: list[LabelResult], classes: tuple, title: str, prefix: str
) -> dict:
    """Print the scores; return metrics and details for the summary."""
    counts = sum(result.counts for result in results)
    coverage = float(100 * (1 - counts[IGNORE_LABEL] / counts.sum()))
    print(f'share of pixels with a label: {coverage:.2f} %')
    notes = label_notes(counts, classes, title)
    for note in notes:
        print(f'NOTE: {note}')
    metrics = {f'{prefix}/coverage': coverage}
    details = {'label_notes': notes} if notes else {}
    found = [r.confusion for r in results if r.confusion is not None]
    if not found:
        print('no image has a mask: nothing to score against')
        return {'metrics': metrics, 'details': details}
    scores = MaskScores(classes, sum(found), len(found))
    print(f'against {scores.num_images:,} masks, in percent:')
    print(scores.table(title))
    means = scores.summary()
    for name in ('mIoU', 'mprecision_fg', 'mrecall_fg'):
        metrics[f'{prefix}/{name}'] = means[name]
    details[prefix] = {'classes': classes, 'IoU': rounded(scores.iou)}
    return {'metrics': metrics, 'details': details}
