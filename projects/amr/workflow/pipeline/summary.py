"""Figures of a pipeline's stages, and ``summary.json``."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path

import torch

from projects.amr.errors import UserError
from projects.amr.runtime.files.atomic_write import write_json
from projects.amr.workflow.ablation.grid import SUMMARY as TEST_SUMMARY
from projects.amr.workflow.launch.declared import flatten
from projects.amr.workflow.launch.tool_setup import package_versions
from projects.amr.workflow.pipeline.records import StageRecord
from projects.amr.workflow.pipeline.workspace import (
    StageContext,
    Workspace,
    pipeline_name,
)

SUMMARY = 'summary.json'
_OF_A_RECORD = ('seed', 'split', 'images', 'initialisation')


def figures(context: StageContext) -> dict:
    """Figures of a stage that has run: ``metrics``, ``images``, ``seed``...

    Raises UserError if its summary cannot be read.
    """
    stage = context.stage
    if stage.kind == 'train':
        return {'seed': context.cfg.get('randomness', {}).get('seed')}
    if stage.kind == 'test':
        return read_summary(context.folder / TEST_SUMMARY)
    if not stage.summary:
        return {}
    content = read_summary(Path(context.fill(stage.summary)))
    notes = content.get('label_notes')
    return {
        'metrics': numbers(content),
        'images': content.get('images'),
        'details': {'label_notes': notes} if notes else {},
        'versions': content.get('versions'),
    }


def read_summary(path: Path) -> dict:
    """Read a summary of a pipeline or a stage; UserError if it cannot be."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, RecursionError, ValueError, TypeError) as error:
        raise UserError(
            f'summary {path} cannot be read ({error}): run what makes it again'
        ) from None


def numbers(content: Mapping) -> dict[str, float]:
    """Numbers of a nested dict by dotted names; booleans are left out.

    Example:
        >>> numbers({'a': {'b': 1, 'c': 'text'}, 'd': 2.5, 'e': True})
        {'a.b': 1, 'd': 2.5}
    """
    return {
        key: value
        for key, value in flatten(content).items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def threshold_policy(metric: str) -> str | None:
    """Choice of the background threshold behind a metric.

    Example:
        >>> threshold_policy('cam/mIoU_best')
        'best on the evaluated images'
        >>> threshold_policy('mIoU') is None
        True
    """
    if metric.endswith('_best'):
        return 'best on the evaluated images'
    return 'fixed beforehand' if metric.endswith('_fixed') else None


def summarize(
    space: Workspace, status: dict[str, dict], seconds: float
) -> dict:
    """Gather the records of all finished stages and the ``headline``.

    ``status`` holds ``status`` and ``reason`` of this run's stages by name,
    ``seconds`` is the wall time of this run.
    """
    cfg = space.cfg
    records = [
        (stage, StageRecord.load(space.folder(stage.name)))
        for stage in space.stages
    ]
    stages = [
        _stage_summary(stage, record, status)
        for stage, record in records
        if record is not None
    ]
    roles = {'title': cfg.get('title', ''), 'toy': bool(cfg.get('toy'))}
    for role, text in dict(cfg.get('roles') or {}).items():
        roles[role] = str(Path(space.fill(str(text))).absolute())
    return {
        'pipeline': pipeline_name(cfg),
        'config': str(cfg.filename),
        'seed': space.seed,
        'random_init': space.random_init,
        'stages': stages,
        'headline': _headline(cfg, stages),
        'roles': roles,
        'seconds': seconds,
        'seconds_of_all_stages': sum(s['seconds'] for s in stages),
        'versions': package_versions(),
        'hardware': _hardware(),
    }


def _stage_summary(stage, record: StageRecord, status: dict) -> dict:
    known, unknown = record.figures, {'status': 'not looked at', 'reason': ''}
    metrics = known.get('metrics') or {}
    policies = {key: threshold_policy(key) for key in metrics}
    return {
        'name': stage.name,
        'kind': stage.kind,
        'config': stage.config or f'tools/{stage.tool}',
        **status.get(stage.name, unknown),
        'seconds': record.seconds,
        **{key: known.get(key) for key in _OF_A_RECORD},
        'metrics': metrics,
        'threshold_policy': {k: text for k, text in policies.items() if text},
        'details': known.get('details') or {},
    }


def _headline(cfg, stages: list[dict]) -> list[dict]:
    """The config's ``headline`` entries with their values, None if missing."""
    metrics = {stage['name']: stage['metrics'] for stage in stages}
    return [
        {
            **dict(entry),
            'value': metrics.get(entry['stage'], {}).get(entry['metric']),
            'threshold_policy': threshold_policy(entry['metric']),
        }
        for entry in cfg.get('headline', [])
    ]


def _hardware() -> dict:
    devices = range(torch.cuda.device_count())
    return {
        'machine': platform.machine(),
        'system': platform.system(),
        'gpus': [torch.cuda.get_device_name(i) for i in devices],
        'threads': torch.get_num_threads(),
    }


def write_summary(work_dir: Path, summary: dict) -> Path:
    """Publish ``summary.json``; NaN and infinity become null.

    JSON has no NaN, and own photos without masks have no mIoU.
    """
    path = work_dir / SUMMARY
    # What JSON does not know becomes a float, which may be NaN.
    text = json.dumps(summary, default=float)
    write_json(path, json.loads(text, parse_constant=lambda _: None))
    return path
