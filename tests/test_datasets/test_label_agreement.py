import pytest

from projects.amr.datasets.labels.label_agreement import (
    LabelAgreement,
    check_max_contradictions,
)
from projects.amr.errors import UserError

CLASSES = ('background', 'dog', 'cat')


@pytest.mark.parametrize(
    ('names', 'values', 'doubtful', 'found'),
    [
        ({'dog'}, {0, 1}, (), (0, 0, 0)),
        ({'dog'}, {0, 1, 255}, (), (0, 0, 0)),
        ({'dog', 'cat'}, {0, 1}, (), (1, 0, 0)),
        ({'dog'}, {0, 2}, (), (1, 1, 0)),
        ({'dog'}, {0}, (), (1, 0, 0)),
        ({'dog'}, {0, 255}, (), (1, 0, 1)),
        ({'dog'}, {255}, (), (1, 0, 1)),
        (set(), {0, 1}, (), (0, 1, 0)),
        (set(), {0}, (), (0, 0, 0)),
        # A negative's 255 is no object that a label could name.
        (set(), {0, 255}, (), (0, 0, 1)),
        (None, {0, 1}, (), (0, 0, 0)),
        (None, {0, 255}, (), (0, 0, 1)),
        # A difficult object may be in the mask, or ignored there.
        ({'dog', 'cat'}, {0, 1}, ('cat',), (0, 0, 0)),
        ({'dog'}, {0, 1, 2}, ('cat',), (0, 0, 0)),
    ],
)
def test_what_contradicts(names, values, doubtful, found):
    agreement = LabelAgreement(CLASSES)
    agreement.add('a.png', names, values, doubtful)
    lists = (
        agreement.not_in_mask,
        agreement.not_in_label,
        agreement.two_values,
    )
    assert tuple(map(len, lists)) == found
    wrong = any(found[:2]) or (names is None and found[2])
    assert agreement.contradicting == wrong
    assert (agreement.fault() is not None) == wrong
    assert len(agreement.lines()) == sum(map(bool, found))


def test_a_share_of_all_lists_may_contradict():
    parts = [LabelAgreement(CLASSES) for _ in range(2)]
    for k in range(9):
        parts[0].add(f'{k}.png', {'dog'}, {0, 1})
    for k in range(3):
        parts[1].add(f'val{k}.png', {'dog'}, {0, 2})
    assert parts[1].fault() is not None
    joined = LabelAgreement.joined(parts)
    assert (joined.compared, joined.contradicting) == (12, 3)
    assert joined.fault(0.25) is None
    assert 'val2.png' in joined.fault(0.24)
    assert LabelAgreement.joined([]).fault(0.0) is None


def test_one_slip_of_a_small_set_is_no_fault():
    agreement = LabelAgreement(CLASSES)
    agreement.add('a.png', {'dog'}, {0})
    assert agreement.fault() is not None
    agreement.add('b.png', {'dog'}, {0, 1})
    assert agreement.fault() is None
    assert agreement.fault(0.0) is not None


@pytest.mark.parametrize('share', [-0.1, 1.1, float('nan')])
def test_the_share_is_checked(share):
    with pytest.raises(UserError):
        check_max_contradictions(share)
