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
    choose_images,
    load_panels,
    stage_folders,
)
from projects.amr.workflow.report.report_scores import (
    cam_stage,
    class_names,
    find_class_table,
    find_comparison,
    find_curves,
    find_scores,
    fixed_threshold,
    stage_rows,
)

REPORT = 'report.html'
_SHOWN_FAULTS = 10


def make_report(
    work_dir: Path, summary: dict, pipeline_cfg: Config | None = None
) -> Path:
    """Write ``report.html`` of a pipeline; what is missing is left out.

    Args:
        work_dir (Path): Folder of the pipeline.
        summary (dict): Content of its ``summary.json``: ``stages`` (see
            :mod:`projects.amr.workflow.report.report_scores`), ``roles``
            (folders of outputs, see
            :mod:`projects.amr.workflow.report.report_images`, and ``title``
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
    """Collect what :func:`make_report` writes; arguments as there."""
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
        notes=(*_label_notes(stages), *_fault_notes(faults)),
        config='' if pipeline_cfg is None else pipeline_cfg.pretty_text,
    )


def _pictures(stages: list[dict], roles: dict) -> tuple:
    """Strips, how they were chosen, legend, and what was unusable."""
    folders = stage_folders(roles)
    faults: list[str] = []
    threshold = fixed_threshold(cam_stage(stages))
    choice = choose_images(folders, threshold, faults)
    strips, seen = [], set()
    for group, members in choice.groups.items():
        for image_id in members:
            panels, labels = load_panels(folders, image_id, faults)
            if panels:
                name = path_of_id(image_id).encode(errors='replace').decode()
                score = choice.scores.get(image_id)
                strips.append(Strip(name, group, panels, score))
                seen |= labels
    names = class_names(stages)
    if not names and roles.get('classes'):  # of own photos without masks
        names = list(read_class_file(roles['classes']))
    note = choice.note if strips else ''
    return tuple(strips), note, _legend(seen, names), faults


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
    white = {'no label': (255, 255, 255)}
    return legend | (white if IGNORE_LABEL in labels else {})


def _label_notes(stages: list[dict]) -> list[str]:
    """Which stages made labels that hold next to nothing."""
    return [
        f'{stage.get("name")}: {note}'
        for stage in stages
        for note in (stage.get('details') or {}).get('label_notes') or ()
    ]


def _fault_notes(faults: list[str]) -> list[str]:
    """First faults, and how many there are."""
    faults = list(dict.fromkeys(faults))
    notes = [f'Left out: {fault}' for fault in faults[:_SHOWN_FAULTS]]
    if len(faults) > _SHOWN_FAULTS:
        notes.append(f'{len(faults)} files were left out in all.')
    return notes
