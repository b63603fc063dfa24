"""The page itself: one HTML file that needs no other."""

import base64
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import cv2
import jinja2
from markupsafe import Markup

from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.visualization.report.data import Panel, ReportData
from projects.amr.visualization.report.sweep_figure import (
    series_variable,
    sweep_svg,
)
from projects.amr.visualization.stage_pictures import shrink

TEMPLATES = Path(__file__).parent / 'templates'
# Longest side of a picture. Noise of this size takes some 45 KB as JPEG, so
# nine strips of nine pictures stay below 3 MB even then.
PICTURE_SIDE = 240
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 82)


def write_report(path: str | Path, data: ReportData) -> Path:
    """Write a report: complete under its name, or not at all.

    The same data give the same bytes.

    Args:
        path (str | Path): Target file, ending in ``.html``.
        data (ReportData): What is shown.

    Returns:
        Path: The target.
    """
    path = Path(path)
    text = render_report(data)
    with atomic_write(path) as file:
        file.write(text.encode())
    return path


def render_report(data: ReportData) -> str:
    """Render a report as one HTML document.

    It loads nothing: styles are in it, pictures are data URLs, and there is
    no script.

    Args:
        data (ReportData): What is shown; all text is escaped.

    Returns:
        str: The document.
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
        'picture': data_url,
        'score': score_text,
        'series': series_variable,
        'ratio': _ratio,
    }
    style = (TEMPLATES / 'style.css').read_text(encoding='utf-8')
    return environment.get_template('report.html.j2').render(
        data=data,
        style=Markup(style),  # noqa: S704  our own file
        sweep=Markup(sweep_svg(data.curves)),  # noqa: S704  numbers only
        groups=[
            (name, list(strips))
            for name, strips in groupby(data.strips, lambda s: s.group)
        ],
    )


def data_url(panel: Panel) -> str:
    """Encode a picture into a URL: PNG where flat, else JPEG.

    Its longer side is at most ``PICTURE_SIDE`` pixels.
    """
    picture = shrink(panel.picture, PICTURE_SIDE, smooth=not panel.flat)
    kind, options = ('png', ()) if panel.flat else ('jpeg', _QUALITY)
    _, data = cv2.imencode(f'.{kind}', picture, options)
    text = base64.b64encode(data.tobytes()).decode()
    return f'data:image/{kind};base64,{text}'


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


def _ratio(panels: Iterable[Panel]) -> str:
    """Width to height of a strip's first picture, between 0.5 and 2."""
    height, width = next(iter(panels)).picture.shape[:2]
    return f'{min(max(width / height, 0.5), 2):.3f}'
