"""Rows of an ablation as dots: seeds, mean and deviation."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

_MEAN, _SEED, _QUIET, _PUBLISHED = '#1b5e9b', '#7fb0dc', '#6b7280', '#c2571a'
_STYLE = {
    'font.family': 'sans-serif',
    'font.sans-serif': ['DejaVu Sans'],  # comes with matplotlib
    'font.size': 9.5,
}
_ROW_INCHES, _FRAME_INCHES, _PANEL_INCHES = 0.42, 1.55, 3.9
_INCHES_PER_LETTER, _INCHES_PER_BOLD = 0.075, 0.115
_DPI = 160
_SEED_OFFSET = 0.2  # of a row's height, downwards


@dataclass(frozen=True)
class Panel:
    """One measure of all rows.

    Args:
        label (str): Name of the measure, with its unit.
        values (Sequence[Sequence[float]]): Of each row, one a seed; may be
            empty.
        ceiling (float, optional): What the set allows. Defaults to None.
        published (Sequence[float | None]): Of each row. Defaults to ().
    """

    label: str
    values: Sequence[Sequence[float]]
    ceiling: float | None = None
    published: Sequence[float | None] = field(default=())


def ablation_figure(
    names: Sequence[str], panels: Sequence[Panel], title: str
) -> Figure:
    """Draw rows from top to bottom, measures side by side.

    Args:
        names (Sequence[str]): Of the rows.
        panels (Sequence[Panel]): At least one, each with a value list a row.
        title (str): Above all.

    Returns:
        Figure: Not shown, and unknown to pyplot.

    Raises:
        ValueError: If there is no row or panel, or their numbers differ.
    """
    if not names or not panels:
        raise ValueError('`names` and `panels` must not be empty')
    for panel in panels:
        if len(panel.values) != len(names):
            raise ValueError(
                f'`values` of {panel.label!r} must have {len(names)} rows, '
                f'got {len(panel.values)}'
            )
    width = max(map(len, names)) * _INCHES_PER_LETTER
    size = (
        width + _PANEL_INCHES * max(len(panels), 1.6),
        _FRAME_INCHES + _ROW_INCHES * len(names),
    )
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout='constrained')
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            _draw(ax, panel)
        axes[0].set_yticks(range(len(names)), names)
        axes[0].set_ylim(len(names) - 0.4, -1.0)
        title = textwrap.fill(title, int(size[0] / _INCHES_PER_BOLD))
        figure.suptitle(title, x=0.01, ha='left', fontweight='bold')
        handles = _legend(panels)
        figure.legend(
            handles=handles,
            loc='outside lower left',
            ncols=len(handles),
            frameon=False,
        )
    return figure


def ablation_png(
    names: Sequence[str], panels: Sequence[Panel], title: str
) -> bytes:
    """:func:`ablation_figure` as a picture.

    Args:
        names (Sequence[str]): Of the rows.
        panels (Sequence[Panel]): See there.
        title (str): Above all.

    Returns:
        bytes: PNG.
    """
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        ablation_figure(names, panels, title).savefig(
            buffer, format='png', dpi=_DPI, metadata={'Software': None}
        )
    return buffer.getvalue()


def _draw(ax, panel: Panel) -> None:
    """Draw one measure."""
    for row, values in enumerate(panel.values):
        if not len(values):
            continue
        mean = float(np.mean(values))
        deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
        ax.errorbar(
            mean, row, xerr=deviation, color=_MEAN, capsize=3, elinewidth=1.6
        )
        below = [row + _SEED_OFFSET] * len(values)
        ax.plot(values, below, 'o', color=_SEED, ms=4.5, mew=0)
        ax.plot(mean, row, 'D', color=_MEAN, ms=6, zorder=4)
        _write(ax, f'{mean:.1f}', mean, row, _MEAN)
    for row, value in enumerate(panel.published):
        if value is not None:
            ax.plot(value, row, 's', mfc='none', mec=_PUBLISHED, ms=8, mew=1.4)
    if panel.ceiling is not None:
        ax.axvline(panel.ceiling, color=_QUIET, ls='--', lw=1.2, zorder=0)
        _write(ax, f'{panel.ceiling:.1f}', panel.ceiling, -0.75, _QUIET)
    if not any(map(len, panel.values)):
        ax.set_xticks([])
    _trim(ax, panel.label)


def _write(ax, text: str, x: float, row: float, colour: str) -> None:
    """Write a figure above a mark, on white."""
    ax.annotate(
        text,
        (x, row),
        (0, 7),
        textcoords='offset points',
        ha='center',
        color=colour,
        fontsize=8.5,
        bbox={'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.6},
    )


def _trim(ax, label: str) -> None:
    """Leave a baseline, pale grid lines and quiet numbers."""
    ax.margins(x=0.08)
    ax.set_xlabel(label)
    ax.grid(axis='both', color='#e5e7eb', linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, pad=5)
    for side in ('left', 'right', 'top'):
        ax.spines[side].set_visible(False)
    ax.spines['bottom'].set_color('#9ca3af')


def _legend(panels: Sequence[Panel]) -> list[Line2D]:
    """What the marks mean; only those that were drawn."""

    def mark(label, **style):
        return Line2D([], [], label=label, **{'ls': 'none', **style})

    handles = [
        mark('mean ± standard deviation', marker='D', color=_MEAN, ls='-'),
        mark('a seed', marker='o', color=_SEED),
    ]
    if any(panel.ceiling is not None for panel in panels):
        handles.append(mark('ceiling', color=_QUIET, ls='--'))
    if any(v is not None for panel in panels for v in panel.published):
        handles.append(
            mark(
                'published, VOC 2012 train',
                marker='s',
                mfc='none',
                mec=_PUBLISHED,
            )
        )
    return handles
