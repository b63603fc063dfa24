"""Sweeps, classes and stages of a report, from a pipeline's summary.

For *stages* see :mod:`projects.amr.workflow.report.report_stages`.
"""

from collections.abc import Sequence
from pathlib import Path

from projects.amr.visualization.report import ClassTable, Curve, Stage
from projects.amr.workflow.report.report_stages import (
    cam_stage,
    curves_of,
    details_of,
    final_curve,
    label_stage,
    metrics_of,
    segmentor_stage,
    split_name,
)


def find_curves(stages: Sequence[dict]) -> tuple[Curve, ...]:
    """Sweeps of all stages.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        tuple[Curve, ...]: In the order of the stages.
    """
    found = [
        (stage, key, curve)
        for stage in stages
        for key, curve in curves_of(stage).items()
        if None not in curve['mIoU']
    ]
    names = [_map_name(key) for _, key, _ in found]
    return tuple(
        Curve(
            name if names.count(name) == 1 else f'{name}, {stage.get("name")}',
            tuple(curve['thresholds']),
            tuple(curve['mIoU']),
            curve['fixed'],
            curve['best'],
        )
        for name, (stage, _, curve) in zip(names, found, strict=True)
    )


def find_class_table(stages: Sequence[dict]) -> ClassTable:
    """IoU per class of the headline numbers, at fixed thresholds.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        ClassTable: A column each result that has details.
    """
    columns = {}
    if curve := final_curve(cam_stage(stages)):
        columns['CAM'] = _by_class(curve, 'IoU_fixed')
    for name, stage in (
        ('pseudo label', label_stage(stages)),
        ('segmentor', segmentor_stage(stages)),
        ('trained on masks', segmentor_stage(stages, supervised=True)),
    ):
        if labels := details_of(stage).get('labels'):
            columns[name] = _by_class(labels, 'IoU')
        elif curve := final_curve(stage):
            columns[name] = _by_class(curve, 'IoU_fixed')
    classes = dict.fromkeys(c for column in columns.values() for c in column)
    return ClassTable(
        tuple(columns),
        {
            label: tuple(column.get(label) for column in columns.values())
            for label in classes
        },
    )


def stage_rows(stages: Sequence[dict]) -> tuple[Stage, ...]:
    """Rows of the table of stages.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        tuple[Stage, ...]: One a stage.
    """
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


def _map_name(key: str) -> str:
    """Name of a curve on the page: 'cam/weighted' is 'weighted CAM'."""
    prefix, _, name = key.partition('/')
    kind = {'cam': 'CAM', 'pseudo': 'pseudo label'}.get(prefix, prefix)
    return f'{name} {kind}'.strip()


def _policy(stage: dict) -> str:
    """Thresholds of a stage in words."""
    curve = final_curve(stage)
    if curve is None:
        return ''
    return f'fixed {curve["fixed"]:.2f}, best {curve["best"]:.2f}'


def _by_class(details: dict, key: str) -> dict[str, float | None]:
    """IoU by class name."""
    return dict(zip(details['classes'], details[key], strict=True))
