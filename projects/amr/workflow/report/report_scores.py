"""Figures and tables of a report, from the stages of a pipeline's summary.

A *stage* is one entry of ``summary['stages']``, a dict: ``metrics`` are flat
and in percent, ``details`` are those of
:mod:`projects.amr.evaluation.nested_results`. Any key may be missing.
"""

from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path

from projects.amr.evaluation.published_results import METRICS, comparison
from projects.amr.visualization.report.data import (
    ClassTable,
    Comparison,
    Curve,
    Score,
    Stage,
)

# Systems of this project, and what masks would give.
SYSTEMS = (
    *('AMR', 'SEAM + AMR', 'AdvCAM', 'SEAM', 'IRNet', 'AffinityNet'),
    'DeepLab-v2 on masks',
)
Stages = Sequence[dict]


def metrics_of(stage: dict) -> dict[str, float]:
    """Metrics of a stage that are numbers."""
    return {
        name: float(value)
        for name, value in (stage.get('metrics') or {}).items()
        if isinstance(value, Real) and value == value
    }


def split_name(stage: dict) -> str:
    """Name of a stage's split: its list's without folder and suffix.

    Example:
        >>> split_name({'split': 'ImageSets/Segmentation/train.txt'})
        'train'
    """
    return Path(str(stage.get('split') or '')).stem


def _is_supervised(stage: dict) -> bool:
    """Return whether a segmentor learned from masks, by its config's name."""
    return Path(str(stage.get('config') or '')).stem.endswith('_supervised')


def _last(stages: Stages, wanted: Callable[[dict], bool]) -> dict:
    """Last stage that is wanted, or {}."""
    return next(filter(wanted, reversed(stages)), {})


def cam_stage(stages: Stages) -> dict:
    """The last stage that scored CAMs, or {}."""
    return _last(stages, lambda s: 'cam/mIoU_fixed' in metrics_of(s))


def _label_stage(stages: Stages) -> dict:
    """The last stage that scored pseudo labels, or {}."""
    own = ('pseudo/mIoU_fixed', 'labels/mIoU')
    return _last(
        stages,
        lambda s: any(
            _kind_of(s, metric) == 'pseudo' and metric in metrics_of(s)
            for metric in own
        ),
    )


def segmentor_stage(stages: Stages, supervised: bool = False) -> dict:
    """The last test of a segmentor, preferably on a split called val, or {}.

    ``supervised`` asks for the segmentor that learned from masks: the name of
    its config ends in ``_supervised``.
    """
    found = [
        stage
        for stage in stages
        if stage.get('kind', 'test') == 'test'
        and 'mIoU' in metrics_of(stage)
        and _is_supervised(stage) == supervised
    ]
    return _last(found, lambda s: 'val' in split_name(s)) or _last(
        found, lambda s: True
    )


def _curves_of(stage: dict) -> dict[str, dict]:
    """Sweeps among a stage's details, by key, such as 'cam/weighted'."""
    details = stage.get('details') or {}
    return {k: d for k, d in details.items() if 'thresholds' in d}


def final_curve(stage: dict) -> dict | None:
    """Sweep of a stage's final map: the one with the stage's own score."""
    metrics = metrics_of(stage)
    for key, curve in _curves_of(stage).items():
        score = metrics.get(f'{key.split("/")[0]}/mIoU_fixed')
        own = curve['mIoU'][curve['thresholds'].index(curve['fixed'])]
        if None not in (score, own) and abs(score - own) < 1e-3:
            return curve
    return None


def class_names(stages: Stages) -> list[str]:
    """Class names by label, background first; [] if no stage has them."""
    for stage in stages:
        for details in (stage.get('details') or {}).values():
            if 'classes' in details:
                return list(details['classes'])
    return []


def headline(summary: dict) -> list[tuple[str, dict, str]]:
    """Label, stage and metric of the figures that a run is about.

    Those of them that were measured. A pipeline may say what its outcome is by
    ``headline``, dicts ``label``, ``stage`` and ``metric``; otherwise it is
    the last CAMs, pseudo labels and segmentor.
    """
    stages = summary.get('stages') or []
    if entries := summary.get('headline'):
        named = {stage.get('name'): stage for stage in stages}
        found = [
            (entry['label'], named.get(entry['stage'], {}), entry['metric'])
            for entry in entries
        ]
    else:
        labels = _label_stage(stages)
        on_disk = 'labels/mIoU' in metrics_of(labels)
        key = 'labels/mIoU' if on_disk else 'pseudo/mIoU_fixed'
        found = [
            ('CAM', cam_stage(stages), 'cam/mIoU_fixed'),
            ('Pseudo label', labels, key),
            ('Segmentor', segmentor_stage(stages), 'mIoU'),
        ]
    bound = segmentor_stage(stages, supervised=True)
    known = [stage.get('name') for _, stage, _ in found]
    if bound and bound.get('name') not in known:
        found.append(('Trained on masks', bound, 'mIoU'))
    return [entry for entry in found if entry[2] in metrics_of(entry[1])]


def _kind_of(stage: dict, metric: str) -> str:
    """What a metric scores: 'cam', 'pseudo', or '' for a segmentor."""
    prefix = metric.partition('/')[0]
    # A segmentor's label maps are scored as pseudo labels are.
    if prefix == 'labels' and 'mIoU' not in metrics_of(stage):
        return 'pseudo'
    return prefix if prefix in ('cam', 'pseudo') else ''


def find_scores(summary: dict) -> tuple[Score, ...]:
    """Headline numbers; a segmentor trained on masks is an upper bound."""
    scores = []
    for label, stage, metric in headline(summary):
        metrics, split = metrics_of(stage), split_name(stage)
        kind = _kind_of(stage, metric)
        curve = final_curve(stage) if kind else None
        scores.append(
            Score(
                label,
                metrics[metric],
                '' if split in label else split,
                f'fixed threshold {curve["fixed"]:.2f}' if curve else '',
                metrics.get(f'{kind}/mIoU_best'),
                _is_supervised(stage),
            )
        )
    return tuple(scores)


def find_comparison(summary: dict) -> tuple[Comparison, ...]:
    """This run above the published numbers; () where nothing was measured."""
    own: dict[bool, dict[str, float]] = {False: {}, True: {}}
    for _, stage, metric in headline(summary):
        split = 'test' if split_name(stage) == 'test' else 'val'
        column = _kind_of(stage, metric) or split
        own[_is_supervised(stage)][column] = metrics_of(stage)[metric]
    if not any(own.values()):
        return ()
    names = {False: 'this run', True: 'this run, trained on masks'}
    rows = [
        Comparison(names[key], _columns(values), own=True)
        for key, values in own.items()
        if values
    ]
    published = comparison(SYSTEMS)
    methods = [row.method for row in published]
    for row in published:
        # A system with several rows is told apart by its note.
        several = methods.count(row.method) > 1
        name = ', '.join([row.method, *row.notes]) if several else row.method
        note = '' if several else '; '.join(row.notes)
        source = '; '.join(row.sources)
        rows.append(Comparison(name, _columns(row.values), note, source))
    return tuple(rows)


def _columns(values: dict[str, float]) -> tuple[float | None, ...]:
    """Values in the order of the published metrics."""
    return tuple(values.get(metric) for metric in METRICS)


def find_curves(stages: Stages) -> tuple[Curve, ...]:
    """Sweeps of all stages, in their order."""
    found = [
        (_map_name(key), stage, curve)
        for stage in stages
        for key, curve in _curves_of(stage).items()
        if None not in curve['mIoU']
    ]
    names = [name for name, _, _ in found]
    return tuple(
        Curve(
            name if names.count(name) == 1 else f'{name}, {stage.get("name")}',
            tuple(curve['thresholds']),
            tuple(curve['mIoU']),
            curve['fixed'],
            curve['best'],
        )
        for name, stage, curve in found
    )


def _map_name(key: str) -> str:
    """Name of a curve on the page: 'cam/weighted' is 'weighted CAM'."""
    prefix, _, name = key.partition('/')
    kind = {'cam': 'CAM', 'pseudo': 'pseudo label'}.get(prefix, prefix)
    return f'{name} {kind}'.strip()


def find_class_table(stages: Stages) -> ClassTable:
    """IoU per class of the headline numbers, at fixed thresholds."""
    columns = {}
    for name, stage in (
        ('CAM', cam_stage(stages)),
        ('pseudo label', _label_stage(stages)),
        ('segmentor', segmentor_stage(stages)),
        ('trained on masks', segmentor_stage(stages, supervised=True)),
    ):
        labels = (stage.get('details') or {}).get('labels')
        if labels and name != 'CAM':
            pairs = zip(labels['classes'], labels['IoU'], strict=True)
            columns[name] = dict(pairs)
        elif curve := final_curve(stage):
            pairs = zip(curve['classes'], curve['IoU_fixed'], strict=True)
            columns[name] = dict(pairs)
    classes = dict.fromkeys(c for column in columns.values() for c in column)
    rows = {c: tuple(col.get(c) for col in columns.values()) for c in classes}
    return ClassTable(tuple(columns), rows)


def stage_rows(stages: Stages) -> tuple[Stage, ...]:
    """Rows of the table of stages."""
    return tuple(
        Stage(
            name=str(stage.get('name', '')),
            status=str(stage.get('status') or ''),
            reason=str(stage.get('reason') or ''),
            config=Path(str(stage.get('config') or '')).name,
            seconds=stage.get('seconds'),
            seed=stage.get('seed'),
            split=split_name(stage),
            images=stage.get('images'),
            policy=_policy(stage),
            initialisation=str(stage.get('initialisation') or ''),
            metrics=metrics_of(stage),
        )
        for stage in stages
    )


def _policy(stage: dict) -> str:
    """Thresholds of a stage in words."""
    curve = final_curve(stage)
    if curve is None:
        return ''
    return f'fixed {curve["fixed"]:.2f}, best {curve["best"]:.2f}'
