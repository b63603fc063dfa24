"""What a report reads from the stages of a pipeline's summary.

A *stage* is one entry of ``summary['stages']``: ``metrics`` are flat and in
percent, ``details`` are those of
:mod:`projects.amr.evaluation.nested_results`. Any key may be missing.
"""

from collections.abc import Sequence
from numbers import Real
from pathlib import Path


def cam_stage(stages: Sequence[dict]) -> dict | None:
    """The last stage that scored CAMs.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        dict | None: The stage.
    """
    return _last(s for s in stages if 'cam/mIoU_fixed' in metrics_of(s))


def label_stage(stages: Sequence[dict]) -> dict | None:
    """The last stage that scored pseudo labels: what segmentors learn from.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        dict | None: The stage.
    """
    return _last(
        s
        for s in stages
        if 'pseudo/mIoU_fixed' in metrics_of(s)
        or ('labels/mIoU' in metrics_of(s) and 'mIoU' not in metrics_of(s))
    )


def segmentor_stage(
    stages: Sequence[dict], supervised: bool = False
) -> dict | None:
    """The last test of a segmentor, preferably on a split called val.

    Args:
        stages (Sequence[dict]): See the module.
        supervised (bool): Whether the segmentor that learned from masks is
            wanted: its config's name ends in ``_supervised``. Defaults to
            False.

    Returns:
        dict | None: The stage.
    """
    found = [
        s
        for s in stages
        if s.get('kind', 'test') == 'test'
        and 'mIoU' in metrics_of(s)
        and is_supervised(s) == supervised
    ]
    return _last(s for s in found if 'val' in split_name(s)) or _last(found)


def split_name(stage: dict) -> str:
    """Name of a stage's split: its list's without folder and suffix.

    Example:
        >>> split_name({'split': 'ImageSets/Segmentation/train.txt'})
        'train'
    """
    return Path(str(stage.get('split') or '')).stem


def fixed_threshold(stage: dict | None) -> float | None:
    """Fixed background threshold of a stage's final map, if it tells.

    Args:
        stage (dict, optional): See the module.

    Returns:
        float | None: In [0, 1].
    """
    curve = final_curve(stage) if stage else None
    return curve['fixed'] if curve else None


def class_names(stages: Sequence[dict]) -> list[str]:
    """Class names by label, background first; [] if no stage tells.

    Args:
        stages (Sequence[dict]): See the module.

    Returns:
        list[str]: The names.
    """
    for stage in stages:
        for details in details_of(stage).values():
            if 'classes' in details:
                return list(details['classes'])
    return []


def metrics_of(stage: dict | None) -> dict[str, float]:
    """Metrics of a stage that are numbers.

    Args:
        stage (dict, optional): See the module.

    Returns:
        dict[str, float]: By name.
    """
    metrics = (stage or {}).get('metrics') or {}
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, Real) and value == value
    }


def details_of(stage: dict | None) -> dict:
    """Details of a stage, {} without any.

    Args:
        stage (dict, optional): See the module.

    Returns:
        dict: By name.
    """
    return (stage or {}).get('details') or {}


def curves_of(stage: dict | None) -> dict[str, dict]:
    """Sweeps among a stage's details.

    Args:
        stage (dict, optional): See the module.

    Returns:
        dict[str, dict]: By key, such as 'cam/weighted'.
    """
    details = details_of(stage)
    return {k: d for k, d in details.items() if 'thresholds' in d}


def final_curve(stage: dict | None) -> dict | None:
    """Sweep of a stage's final map: the one with the stage's own score.

    Args:
        stage (dict, optional): See the module.

    Returns:
        dict | None: The sweep.
    """
    metrics = metrics_of(stage)
    for key, curve in curves_of(stage).items():
        score = metrics.get(f'{key.split("/")[0]}/mIoU_fixed')
        own = curve['mIoU'][curve['thresholds'].index(curve['fixed'])]
        if None not in (score, own) and abs(score - own) < 1e-3:
            return curve
    return None


def is_supervised(stage: dict) -> bool:
    """Whether a stage's segmentor learned from masks, by its config's name.

    Args:
        stage (dict): See the module.

    Returns:
        bool: Whether the name ends in ``_supervised``.
    """
    return Path(str(stage.get('config') or '')).stem.endswith('_supervised')


def _last(stages) -> dict | None:
    """Last item, or None."""
    return next(iter(reversed(list(stages))), None)
