"""Headline figures of a run beside published ones, from its summary.

For *stages* see :mod:`projects.amr.workflow.report.report_stages`.
"""

from projects.amr.evaluation.published_results import METRICS, comparison
from projects.amr.visualization.report import (
    Comparison,
    Score,
)
from projects.amr.workflow.report.report_stages import (
    cam_stage,
    fixed_threshold,
    is_supervised,
    label_stage,
    metrics_of,
    segmentor_stage,
    split_name,
)

# Systems of this project, and what masks would give.
BESIDE = (
    'AMR',
    'SEAM + AMR',
    'AdvCAM',
    'SEAM',
    'IRNet',
    'AffinityNet',
    'DeepLab-v2 on masks',
)


def headline(summary: dict) -> list[tuple[str, dict, str]]:
    """Label, stage and metric of the figures that a run is about.

    Args:
        summary (dict): With ``stages`` and, where the pipeline says what its
            outcome is, ``headline``: dicts ``label``, ``stage``, ``metric``.

    Returns:
        list[tuple[str, dict, str]]: Those that were measured. Without
        ``headline`` the last CAMs, pseudo labels and segmentor.
    """
    stages = summary.get('stages') or []
    if entries := summary.get('headline'):
        named = {stage.get('name'): stage for stage in stages}
        found = [
            (entry['label'], named.get(entry['stage'], {}), entry['metric'])
            for entry in entries
        ]
    else:
        labels = label_stage(stages) or {}
        on_disk = 'labels/mIoU' in metrics_of(labels)
        key = 'labels/mIoU' if on_disk else 'pseudo/mIoU_fixed'
        found = [
            ('CAM', cam_stage(stages) or {}, 'cam/mIoU_fixed'),
            ('Pseudo label', labels, key),
            ('Segmentor', segmentor_stage(stages) or {}, 'mIoU'),
        ]
    if bound := segmentor_stage(stages, supervised=True):
        known = [stage.get('name') for _, stage, _ in found]
        if bound.get('name') not in known:
            found.append(('Trained on masks', bound, 'mIoU'))
    return [entry for entry in found if entry[2] in metrics_of(entry[1])]


def find_scores(summary: dict) -> tuple[Score, ...]:
    """Headline numbers of a page.

    Args:
        summary (dict): As for :func:`headline`.

    Returns:
        tuple[Score, ...]: Those that were measured; the segmentor that
        learned from masks is the upper bound.
    """
    scores = []
    for label, stage, metric in headline(summary):
        metrics = metrics_of(stage)
        swept = _swept_name(metric)
        fixed = fixed_threshold(stage) if swept else None
        split = split_name(stage)
        scores.append(
            Score(
                label,
                metrics[metric],
                '' if split in label else split,
                '' if fixed is None else f'fixed threshold {fixed:.2f}',
                metrics.get(f'{swept}/mIoU_best'),
                is_supervised(stage),
            )
        )
    return tuple(scores)


def find_comparison(summary: dict) -> tuple[Comparison, ...]:
    """This run above the published numbers of the systems of this project.

    Args:
        summary (dict): As for :func:`headline`.

    Returns:
        tuple[Comparison, ...]: With one value a published metric; none where
        nothing was measured.
    """
    own: dict[bool, dict[str, float]] = {False: {}, True: {}}
    for _, stage, metric in headline(summary):
        column = {'cam': 'cam', 'pseudo': 'pseudo'}.get(_swept_name(metric))
        column = column or ('test' if split_name(stage) == 'test' else 'val')
        own[is_supervised(stage)][column] = metrics_of(stage)[metric]
    if not any(own.values()):
        return ()
    names = {False: 'this run', True: 'this run, trained on masks'}
    return (
        *(
            Comparison(names[key], _columns(values), own=True)
            for key, values in own.items()
            if values
        ),
        *_published_rows(),
    )


def _swept_name(metric: str) -> str:
    """Prefix of the sweep that a metric belongs to, '' if there is none."""
    prefix = metric.rpartition('/')[0].split('/')[0]
    return {'cam': 'cam', 'pseudo': 'pseudo', 'labels': 'pseudo'}.get(
        prefix, ''
    )


def _published_rows() -> list[Comparison]:
    """Published rows; a system with several is told apart by its note."""
    rows = comparison(BESIDE)
    methods = [row.method for row in rows]
    return [
        Comparison(
            ', '.join([row.method, *row.notes])
            if methods.count(row.method) > 1
            else row.method,
            _columns(row.values),
            '' if methods.count(row.method) > 1 else '; '.join(row.notes),
            '; '.join(row.sources),
        )
        for row in rows
    ]


def _columns(values: dict[str, float]) -> tuple[float | None, ...]:
    """Values in the order of the published metrics."""
    return tuple(values.get(metric) for metric in METRICS)
