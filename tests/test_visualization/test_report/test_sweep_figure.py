import re
import xml.etree.ElementTree as ET

import numpy as np

from projects.amr.visualization.report.data import Curve
from projects.amr.visualization.report.sweep_figure import (
    SERIES,
    series_variable,
    sweep_svg,
)

THRESHOLDS = (0.0, 0.25, 0.5, 0.75, 1.0)


def make_curve(peak=60.0, name='a'):
    values = (10.0, 30.0, peak, 20.0, 5.0)
    return Curve(name, THRESHOLDS, values, fixed=0.25, best=0.5)


def points(svg, variable):
    """Points of the line that has a colour, in the drawing's units."""
    for path, style in re.findall(
        r'<path d="([^"]+)"[^>]*style="([^"]+)"', svg
    ):
        if f'var({variable})' in style and 'fill: none' in style:
            numbers = re.findall(r'[ML] ([\d.]+) ([\d.]+)', path)
            return np.array(numbers, float)
    raise AssertionError(f'no line in {variable}')


def test_line_is_the_curve_up_to_the_axes_scale():
    curve = make_curve()
    line = points(sweep_svg([curve]), '--series-1')
    across = np.polyfit(curve.thresholds, line[:, 0], 1)
    up = np.polyfit(curve.values, line[:, 1], 1)
    assert across[0] > 0 > up[0]  # rows count downwards
    np.testing.assert_allclose(
        np.polyval(across, curve.thresholds), line[:, 0], atol=1e-3
    )
    np.testing.assert_allclose(
        np.polyval(up, curve.values), line[:, 1], atol=1e-3
    )


def test_markers_stand_on_the_fixed_and_the_best_threshold():
    svg = sweep_svg([make_curve()])
    line = points(svg, '--series-1')
    uses = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', svg)
    np.testing.assert_allclose(np.array(uses, float), line[[1, 2]], atol=1e-3)


def test_drawing_is_well_formed_and_loads_nothing():
    svg = sweep_svg([make_curve()])
    ET.fromstring(svg.replace('xlink:href', 'href'))
    for word in ('http', '<style', '<script', '<image', 'DejaVu', '#0'):
        assert word not in svg
    assert 'background threshold' in svg


def test_curves_have_colours_of_the_page_in_turn():
    curves = [make_curve(50 + k, str(k)) for k in range(SERIES + 1)]
    svg = sweep_svg(curves)
    for index in range(SERIES):
        assert f'var({series_variable(index)})' in svg
    assert series_variable(SERIES) == series_variable(0)


def test_same_curves_same_drawing():
    assert sweep_svg([make_curve()]) == sweep_svg([make_curve()])
    assert sweep_svg([make_curve()]) != sweep_svg([make_curve(61.0)])
    assert sweep_svg([]) == ''
