"""The page itself: one HTML file; the files of its photos are beside it."""

from dataclasses import asdict
from pathlib import Path

import jinja2
from markupsafe import Markup

from projects.amr.visualization.report.data import ReportData
from projects.amr.visualization.report.sweep_figure import (
    series_variable,
    sweep_svg,
)

TEMPLATES = Path(__file__).parent / 'templates'


def render_report(data: ReportData) -> str:
    """Render a report as one HTML document.

    Styles and script are in it; it loads the files of its photos and no
    others. All text is escaped; the same data give the same document.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        'duration': duration,
        'score': score_text,
        'series': series_variable,
    }
    # Layers keep their order, names stay readable.
    environment.policies['json.dumps_kwargs'] = {'ensure_ascii': False}
    style, script = (
        Markup((TEMPLATES / name).read_text(encoding='utf-8'))  # noqa: S704
        for name in ('style.css', 'report.js')
    )
    return environment.get_template('report.html.j2').render(
        data=data,
        style=style,
        script=script,
        sweep=Markup(sweep_svg(data.curves)),  # noqa: S704  numbers only
        gallery=page_values(data),
    )


def page_values(data: ReportData) -> dict:
    """Data that the script of the page reads.

    The fields of the gallery, ``step``, the number of the fixed threshold, and
    ``mIoU``, values per threshold by layer, from the curves of the same name
    and the same thresholds.
    """
    gallery = data.gallery
    thresholds = gallery.thresholds
    near = [abs(value - gallery.fixed) for value in thresholds]
    return {
        **asdict(gallery),
        'step': near.index(min(near)) if near else 0,
        'mIoU': {
            curve.name: curve.values
            for curve in data.curves
            if curve.thresholds == thresholds
        },
    }


def duration(seconds: float | None) -> str:
    """Wall time as text, '' for None.

    Example:
        >>> [duration(s) for s in (0.4, 61, 3660, None)]
        ['0.4 s', '1 min 01 s', '1 h 01 min', '']
    """
    if seconds is None:
        return ''
    if seconds < 10:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f'{minutes} min {rest:02d} s' if minutes else f'{rest} s'
    return f'{minutes // 60} h {minutes % 60:02d} min'


def score_text(value: float | None, digits: int = 1) -> str:
    """Score as text, a dash for None.

    Example:
        >>> score_text(48.26), score_text(None)
        ('48.3', '–')
    """
    return '–' if value is None else f'{value:.{digits}f}'
