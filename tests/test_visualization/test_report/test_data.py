import pytest

from projects.amr.visualization.report import Curve


def test_curve_reads_its_values_by_threshold():
    curve = Curve('a', (0.0, 0.5), (10.0, 30.0), fixed=0.0, best=0.5)
    assert curve.at(curve.fixed) == 10
    assert curve.at(curve.best) == 30


@pytest.mark.parametrize(
    ('changes', 'match'),
    [
        ({'values': (10.0,)}, '1 values for 2 thresholds'),
        ({'fixed': 0.2}, 'fixed'),
        ({'best': 0.7}, 'best'),
    ],
)
def test_curves_that_do_not_fit_are_refused(changes, match):
    fields = {
        'name': 'a',
        'thresholds': (0.0, 0.5),
        'values': (10.0, 30.0),
        'fixed': 0.0,
        'best': 0.5,
    }
    with pytest.raises(ValueError, match=match):
        Curve(**{**fields, **changes})
