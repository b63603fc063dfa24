"""The report of a pipeline, from its summary and its output folders."""

from pathlib import Path

from mmengine.config import Config

from projects.amr.datasets.labels.class_list import read_class_file
from projects.amr.evaluation.published_results import METRICS
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.report.data import Gallery, ReportData
from projects.amr.visualization.report.page import render_report
from projects.amr.visualization.report.photo_files import MAX_THRESHOLDS
from projects.amr.workflow.report.photo_outputs import (
    attempt,
    stage_folders,
)
from projects.amr.workflow.report.report_images import gather_photos
from projects.amr.workflow.report.report_scores import (
    cam_stage,
    class_names,
    final_curve,
    find_class_table,
    find_comparison,
    find_curves,
    find_scores,
    stage_rows,
)

REPORT = 'report.html'
PHOTOS = 'report_photos'
# Where no sweep says which: steps of the slider, and the threshold of
# tools/rank_doubt.py.
_THRESHOLDS = tuple(step / 100 for step in range(101))
_BG_THR = 0.2
_SHOWN_FAULTS = 10


def make_report(
    work_dir: Path, summary: dict, pipeline_cfg: Config | None = None
) -> Path:
    """Write ``report.html`` of a pipeline; what is missing is left out.

    Pictures and maps of its photos are in the folder ``report_photos``; the
    files of an earlier page go when the new one is there. ``summary`` is the
    content of ``summary.json``: ``stages`` (see
    :mod:`projects.amr.workflow.report.report_scores`), ``roles`` (folders of
    outputs, see :mod:`projects.amr.workflow.report.photo_outputs`, and
    ``title`` and ``toy``), ``versions``, ``seconds`` and ``seed``. The config
    is shown as text. Returns the page's path.
    """
    page, folder = Path(work_dir) / REPORT, Path(work_dir) / PHOTOS
    data = gather_report(summary, folder, pipeline_cfg)
    write_file(page, render_report(data))
    photos = data.gallery.photos
    kept = {Path(f).name for p in photos for f in (p.picture, p.maps)}
    for path in folder.glob('*') if folder.is_dir() else ():
        if path.is_file() and path.name not in kept:
            path.unlink()
    return page


def gather_report(
    summary: dict, folder: Path, pipeline_cfg: Config | None = None
) -> ReportData:
    """Collect what a page shows; write the files of its photos to a folder.

    The other arguments are those of :func:`make_report`.
    """
    stages = summary.get('stages') or []
    roles = summary.get('roles') or {}
    faults: list[str] = []
    gallery = _gallery(stages, roles, folder, faults)
    return ReportData(
        title=str(roles.get('title') or 'Report of the pipeline'),
        toy=bool(roles.get('toy')),
        scores=find_scores(summary),
        comparison_heads=tuple(METRICS.values()),
        comparison=find_comparison(summary),
        stages=stage_rows(stages),
        curves=find_curves(stages),
        classes=find_class_table(stages),
        gallery=gallery,
        seed=summary.get('seed'),
        seconds=summary.get('seconds_of_all_stages', summary.get('seconds')),
        versions=summary.get('versions') or {},
        notes=(*_label_notes(stages), *_fault_notes(faults)),
        config='' if pipeline_cfg is None else pipeline_cfg.pretty_text,
    )


def _gallery(
    stages: list[dict], roles: dict, folder: Path, faults: list[str]
) -> Gallery:
    """Photos at the thresholds of the CAMs' sweep."""
    folders = stage_folders(roles)
    curve = final_curve(cam_stage(stages)) or {}
    thresholds = tuple(curve.get('thresholds', _THRESHOLDS))
    if len(thresholds) > MAX_THRESHOLDS:
        thresholds = _THRESHOLDS
    bg_thr = curve.get('fixed', _BG_THR)
    photos, kinds, note = gather_photos(
        folders, folder, thresholds, bg_thr, faults
    )
    names = class_names(stages)
    if not names and roles.get('classes'):  # of own photos without masks
        names = attempt(faults, read_class_file, roles['classes']) or ()
    labels = sorted({label for photo in photos for label in photo.classes})
    return Gallery(
        photos,
        kinds,
        thresholds,
        bg_thr,
        {k: names[k] if k < len(names) else f'label {k}' for k in labels},
        tuple(map(tuple, voc_palette().tolist())),
        'pseudo label' if 'labels' in folders else f'CAM at {bg_thr:.2f}',
        note,
    )


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
