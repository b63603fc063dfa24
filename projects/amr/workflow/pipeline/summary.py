"""What a pipeline measured: ``summary.json`` and the closing table."""

import json
import platform
from pathlib import Path

import torch

from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.workflow.launch.tool_setup import package_versions
from projects.amr.workflow.pipeline.context import Workspace
from projects.amr.workflow.pipeline.manifest import StageRecord

SUMMARY = 'summary.json'


def threshold_policy(metric: str) -> str | None:
    """How the background threshold behind a metric was chosen.

    Example:
        >>> threshold_policy('cam/mIoU_best')
        'best on the evaluated images'
        >>> threshold_policy('mIoU') is None
        True
    """
    if metric.endswith('_best'):
        return 'best on the evaluated images'
    if metric.endswith('_fixed'):
        return 'fixed beforehand'
    return None


def summarize(
    space: Workspace, status: dict[str, dict], cfg, seconds: float
) -> dict:
    """Gather the records of all finished stages.

    Args:
        space (Workspace): The pipeline.
        status (dict[str, dict]): ``status`` and ``reason`` of this run's
            stages by name; others were not looked at.
        cfg (Config): The pipeline config, with ``name``, ``title``, ``toy``,
            ``roles`` and ``headline``.
        seconds (float): Wall time of this run.

    Returns:
        dict: The summary.
    """
    stages = []
    for stage in space.stages:
        record = StageRecord.load(space.folder(stage.name))
        if record is None:
            continue
        known = record.figures
        metrics = known.get('metrics') or {}
        stages.append(
            {
                'name': stage.name,
                'kind': stage.kind,
                'config': stage.config or f'tools/{stage.tool}',
                **status.get(
                    stage.name, {'status': 'not looked at', 'reason': ''}
                ),
                'seconds': record.seconds,
                'seed': known.get('seed'),
                'split': known.get('split'),
                'images': known.get('images'),
                'initialisation': known.get('initialisation'),
                'metrics': metrics,
                'threshold_policy': {
                    key: policy
                    for key in metrics
                    if (policy := threshold_policy(key))
                },
                'details': known.get('details') or {},
            }
        )
    return {
        'pipeline': cfg.get('name') or Path(cfg.filename).stem,
        'config': str(cfg.filename),
        'seed': space.seed,
        'random_init': space.random_init,
        'stages': stages,
        'headline': headline(cfg, stages),
        'roles': roles(space, cfg),
        'seconds': seconds,
        'seconds_of_all_stages': sum(s['seconds'] for s in stages),
        'versions': package_versions(),
        'hardware': hardware(),
    }


def headline(cfg, stages: list[dict]) -> list[dict]:
    """The figures that the pipeline config calls its outcome.

    Args:
        cfg (Config): With ``headline``, a list of dicts ``label``, ``stage``
            and ``metric``.
        stages (list[dict]): Of the summary.

    Returns:
        list[dict]: The same with ``value`` (None where it is not there) and
        ``threshold_policy``.
    """
    metrics = {stage['name']: stage['metrics'] for stage in stages}
    return [
        {
            **dict(entry),
            'value': metrics.get(entry['stage'], {}).get(entry['metric']),
            'threshold_policy': threshold_policy(entry['metric']),
        }
        for entry in cfg.get('headline', [])
    ]


def roles(space: Workspace, cfg) -> dict:
    """Folders and files by the part they play, for the report."""
    found = {'title': cfg.get('title', ''), 'toy': bool(cfg.get('toy'))}
    for role, text in dict(cfg.get('roles') or {}).items():
        found[role] = str(Path(space.fill(str(text), '')).absolute())
    return found


def hardware() -> dict:
    """The machine, in words."""
    names = [
        torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())
    ]
    return {
        'machine': platform.machine(),
        'system': platform.system(),
        'gpus': names,
        'threads': torch.get_num_threads(),
    }


def write_summary(work_dir: Path, summary: dict) -> Path:
    """Publish ``summary.json``; figures that are no numbers become null.

    JSON has no NaN, and own photos without masks have no mIoU.

    Args:
        work_dir (Path): The pipeline's work dir.
        summary (dict): Of :func:`summarize`.

    Returns:
        Path: The file.
    """
    path = work_dir / SUMMARY
    with atomic_write(path) as file:
        # What is not known to JSON becomes a float, and that may be NaN.
        text = json.dumps(summary, default=float)
        content = json.loads(text, parse_constant=lambda _: None)
        file.write(json.dumps(content, indent=1).encode())
    return path
