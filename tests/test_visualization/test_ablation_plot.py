"""Marks of the plot stand where the figures are."""

import cv2
import numpy as np
import pytest

from projects.amr.visualization.ablation_plot import (
    Panel,
    ablation_figure,
    ablation_png,
)

NAMES = ['first', 'a much longer name of a row', 'not run']
VALUES = [[40.0, 44.0], [50.0], []]


def drawn(figure, marker):
    """Points of all lines with a marker, as (x, row)."""
    return [
        tuple(map(float, point))
        for ax in figure.axes
        for line in ax.lines
        if line.get_marker() == marker
        for point in line.get_xydata()
    ]


def test_means_seeds_and_published_values_stand_in_their_rows():
    panel = Panel('mIoU', VALUES, published=[41.0, None, 60.0])
    figure = ablation_figure(NAMES, [panel], 'title')
    assert drawn(figure, 'D') == [(42.0, 0.0), (50.0, 1.0)]
    seeds = drawn(figure, 'o')
    assert [x for x, _ in seeds] == [40.0, 44.0, 50.0]
    assert [round(row) for _, row in seeds] == [0, 0, 1]
    assert drawn(figure, 's') == [(41.0, 0.0), (60.0, 2.0)]
    (ax,) = figure.axes
    bar = ax.collections[0].get_segments()[0]
    # 42 -+ the sample deviation of 40 and 44, sqrt(8)
    np.testing.assert_allclose(bar[:, 0], 42 + np.sqrt(8) * np.array([-1, 1]))
    top, bottom = ax.transData.transform([(0, 0), (0, 2)])[:, 1]
    assert top > bottom  # the first row is on top


def test_legend_names_only_what_is_drawn():
    def legend(**more):
        figure = ablation_figure(NAMES, [Panel('mIoU', VALUES, **more)], '')
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert legend() == ['mean ± standard deviation', 'a seed']
    assert legend(ceiling=60.0)[2:] == ['ceiling']
    assert legend(published=[None] * 3) == legend()
    assert legend(published=[1.0, None, None])[2:] == [
        'published, VOC 2012 train'
    ]


def test_ceiling_is_a_line_of_its_panel():
    panels = [Panel('mIoU', VALUES, ceiling=60.0), Panel('recall', VALUES)]
    figure = ablation_figure(NAMES, panels, 'title')
    dashed = [
        [
            set(line.get_xdata())
            for line in ax.lines
            if line.get_linestyle() == '--'
        ]
        for ax in figure.axes
    ]
    assert dashed == [[{60.0}], []]


@pytest.mark.parametrize(
    ('names', 'panels'),
    [
        (['a'], [Panel('mIoU', [[50.0, 51.0]], published=[60.0])]),
        (
            [f'row {k} with quite a long name indeed' for k in range(12)],
            [
                Panel('mIoU', [[50.0 + k, 52.0] for k in range(12)], 99.0),
                Panel('body recall', [[k] for k in range(12)]),
            ],
        ),
    ],
    ids=['small', 'large'],
)
def test_nothing_is_cut_off(names, panels):
    title = 'A title that is far longer than the plot is wide: '
    png = ablation_png(names, panels, title + 'some more words ' * 9)
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    for border in (image[:2], image[-2:], image[:, :2], image[:, -2:]):
        assert (border == 255).all()


def test_rows_without_any_value_are_drawn_too():
    figure = ablation_figure(['a', 'b'], [Panel('mIoU', [[], []])], 't')
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ['a', 'b']
    assert list(figure.axes[0].get_xticks()) == []


def test_faults_are_named():
    with pytest.raises(ValueError, match='must not be empty'):
        ablation_figure([], [], '')
    with pytest.raises(ValueError, match="'mIoU' must have 2 rows, got 1"):
        ablation_figure(['a', 'b'], [Panel('mIoU', [[1.0]])], '')
