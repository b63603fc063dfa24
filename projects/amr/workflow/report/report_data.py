"""The report of a pipeline, from its summary and its output folders."""

from pathlib import Path

from mmengine.config import Config

from projects.amr.datasets.images.image_ids import path_of_id
from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.evaluation.published_results import METRICS
from projects.amr.structures.label_space import IGNORE_LABEL
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.report import ReportData, Strip, write_report
from projects.amr.workflow.report.report_images import (
    StageFolders,
    choose_images,
)
from projects.amr.workflow.report.report_panels import load_panels
from projects.amr.workflow.report.report_scores import (
    find_comparison,
    find_scores,
)
from projects.amr.workflow.report.report_stages import (
    cam_stage,
    class_names,
    fixed_threshold,
)
from projects.amr.workflow.report.report_tables import (
    find_class_table,
    find_curves,
    stage_rows,
)

REPORT = 'report.html'
_SHOWN_FAULTS = 10
_WHITE = (255, 255, 255)


def make_report(
    work_dir: Path, summary: dict, pipeline_cfg: Config | None = None
) -> Path:
    """Write ``report.html`` of a pipeline; what is missing is left out.

    Args:
        work_dir (Path): Folder of the pipeline.
        summary (dict): Content of its ``summary.json``: ``stages`` (see
            :mod:`projects.amr.workflow.report.report_stages`), ``roles``
            (folders of outputs, see :class:`StageFolders`, and ``title``
            and ``toy``), ``versions``, ``seconds`` and ``seed``.
        pipeline_cfg (Config, optional): Its config; shown as text. Defaults
            to None.

    Returns:
        Path: The page.
    """
    data = gather_report(summary, pipeline_cfg)
    return write_report(Path(work_dir) / REPORT, data)


def gather_report(
    summary: dict, pipeline_cfg: Config | None = None
) -> ReportData:
    """Collect what :func:`make_report` writes.

    Args:
        summary (dict): As there.
        pipeline_cfg (Config, optional): As there. Defaults to None.

    Returns:
        ReportData: The data.
    """
    stages = summary.get('stages') or []
    roles = summary.get('roles') or {}
    strips, note, legend, faults = _pictures(stages, roles)
    return ReportData(
        title=str(roles.get('title') or 'Report of the pipeline'),
        toy=bool(roles.get('toy')),
        scores=find_scores(summary),
        comparison_heads=tuple(METRICS.values()),
        comparison=find_comparison(summary),
        stages=stage_rows(stages),
        curves=find_curves(stages),
        classes=find_class_table(stages),
        strips=strips,
        strip_note=note,
        legend=legend,
        seed=summary.get('seed'),
        seconds=summary.get('seconds_of_all_stages', summary.get('seconds')),
        versions=summary.get('versions') or {},
        notes=(*_label_notes(stages), *_notes(faults)),
        config='' if pipeline_cfg is None else pipeline_cfg.pretty_text,
    )


def _pictures(stages: list[dict], roles: dict) -> tuple:
    """Strips, how they were chosen, legend, and what was unusable."""
    folders = StageFolders.from_roles(roles)
    faults: list[str] = []
    threshold = fixed_threshold(cam_stage(stages))
    choice = choose_images(folders, threshold, faults)
    strips, seen = [], set()
    for group, members in choice.groups.items():
        for image_id in members:
            panels, labels = load_panels(folders, image_id, faults)
            if panels:
                score = choice.scores.get(image_id)
                strips.append(Strip(_shown(image_id), group, panels, score))
                seen |= labels
    note = choice.note if strips else ''
    names = class_names(stages) or _listed_classes(roles)
    return tuple(strips), note, _legend(seen, names), faults


def _shown(image_id: str) -> str:
    """Name of an image as its owner knows it."""
    return path_of_id(image_id).encode(errors='replace').decode()


def _listed_classes(roles: dict) -> list[str]:
    """Class names of own data, which need no masks to be known."""
    path = roles.get('classes')
    return list(read_class_file(path)) if path else []


def _legend(
    labels: set[int], names: list[str]
) -> dict[str, tuple[int, int, int]]:
    """RGB colours of the labels that occur, by class name."""
    palette = voc_palette().tolist()
    legend = {
        names[label] if label < len(names) else f'label {label}': tuple(
            palette[label]
        )
        for label in sorted(labels - {IGNORE_LABEL})
    }
    return legend | ({'no label': _WHITE} if IGNORE_LABEL in labels else {})


def _label_notes(stages: list[dict]) -> list[str]:
    """Which stages made labels that hold next to nothing."""
    return [
        f'{stage.get("name")}: {note}'
        for stage in stages
        for note in (stage.get('details') or {}).get('label_notes') or ()
    ]


def _notes(faults: list[str]) -> tuple[str, ...]:
    """First faults, and how many there are."""
    faults = list(dict.fromkeys(faults))
    notes = [f'Left out: {fault}' for fault in faults[:_SHOWN_FAULTS]]
    if len(faults) > _SHOWN_FAULTS:
        notes.append(f'{len(faults)} files were left out in all.')
    return tuple(notes)
