"""mIoU against the background threshold, as inline SVG.

Colours are those of the page: each stands in the drawing as a hexadecimal
stand-in, replaced by a CSS variable, so that light and dark pages both fit.
"""

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from projects.amr.visualization.report.data import Curve

SERIES = 6  # colours of the page; a seventh curve takes the first again
_TEXT, _GRID = '#010203', '#010204'
_COLOURS = {_TEXT: '--soft', _GRID: '--line'} | {
    f'#02030{k}': f'--series-{k + 1}' for k in range(SERIES)
}
_STYLE = {
    'svg.fonttype': 'none',
    'svg.hashsalt': 'amr',
    'font.family': 'sans-serif',
    'font.sans-serif': ['DejaVu Sans'],  # comes with matplotlib
    'font.size': 9,
}


def series_variable(index: int) -> str:
    """CSS variable of a curve's colour.

    Example:
        >>> series_variable(0), series_variable(7)
        ('--series-1', '--series-2')
    """
    return f'--series-{index % SERIES + 1}'


def sweep_svg(curves: Sequence[Curve]) -> str:
    """Draw curves; a disc marks the fixed threshold, a ring the best.

    The ``<svg>`` element has no fonts or colours of its own; without curves
    it is ''.
    """
    if not curves:
        return ''
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 3.0))
        axes = figure.add_axes((0.095, 0.145, 0.885, 0.83))
        for index, curve in enumerate(curves):
            _draw(axes, curve, f'#02030{index % SERIES}')
        _trim(axes)
        buffer = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(
            buffer, metadata={'Date': None, 'Creator': None}
        )
    return _inline(buffer.getvalue().decode())


def _draw(axes, curve: Curve, colour: str) -> None:
    """Plot one curve and its two thresholds."""
    style = {'color': colour, 'linewidth': 1.6, 'clip_on': False}
    axes.plot(curve.thresholds, curve.values, **style)
    for threshold, size, fill in (
        (curve.fixed, 5.5, colour),
        (curve.best, 9, 'none'),
    ):
        axes.plot(
            [threshold],
            [curve.at(threshold)],
            linestyle='none',
            marker='o',
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor=colour,
            markeredgewidth=1.4,
            clip_on=False,
        )


def _trim(axes) -> None:
    """Leave a baseline, pale grid lines and quiet numbers."""
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    axes.set_xlabel('background threshold', color=_TEXT)
    axes.tick_params(colors=_TEXT, length=0, pad=5)
    axes.grid(axis='y', color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.patch.set_visible(False)
    axes.figure.patch.set_visible(False)
    for side in ('left', 'right', 'top'):
        axes.spines[side].set_visible(False)
    axes.spines['bottom'].set_color(_GRID)


def _inline(svg: str) -> str:
    """Turn matplotlib's file into an element of a page."""
    svg = svg[svg.index('<svg') :]
    for surplus in ('<metadata>.*?</metadata>', '<style.*?</style>'):
        svg = re.sub(surplus, '', svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg[^>]*viewBox="([^"]+)"[^>]*>',
        r'<svg viewBox="\1" aria-hidden="true" focusable="false">',
        svg,
    )
    svg = re.sub(r'font-family: [^;\"]+', 'font-family: inherit', svg)
    svg = re.sub(  # as matplotlib below 3.10 writes it
        r'font: ([\d.]+px) [^;"]+', r'font-size: \1; font-family: inherit', svg
    )
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, f'var({variable})')
    return re.sub(r'\s*\n\s*', '\n', svg).strip()
