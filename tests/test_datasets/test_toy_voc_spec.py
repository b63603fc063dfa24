from dataclasses import replace

import pytest

from projects.amr.datasets.toy_voc import PRESETS, class_names
from projects.amr.structures.voc_palette import voc_palette

TINY = PRESETS['tiny']


@pytest.mark.parametrize(
    ('knobs', 'message'),
    [
        (dict(noise=300), r'noise must be an integer in 0\.\.127, got 300'),
        (dict(num_train=0), 'num_train must be an integer in 1'),
        (dict(num_classes=21), r'in 1\.\.20, got 21'),
        (dict(seed=True), 'seed must be an integer'),
        (dict(body_strength=3.5), 'body_strength must .* got 3.5'),
        (dict(size=(30, 96)), r'size must be an integer in 39\.\.\d+, got 30'),
        (dict(size=96), 'size must be a pair of integers, got 96'),
        (dict(objects=(3, 1)), r'objects must be .*got \(3, 1\)'),
        (dict(other_sizes=((8, 8),)), 'other_sizes must .* got 8'),
        (dict(void_width=3), 'void_width must leave a core .* 4 .* got 3'),
        (dict(heads='hidden'), "heads must be .* got 'hidden'"),
    ],
)
def test_spec_errors_name_knob_rule_and_value(knobs, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **knobs)


def test_palette_and_names():
    expected = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert voc_palette(4).tolist() == expected
    assert voc_palette()[20].tolist() == [0, 64, 128]
    assert voc_palette()[255].tolist() == [224, 224, 192]
    assert len(set(class_names(20))) == 20
    with pytest.raises(ValueError, match=r'num_classes must .* got 21'):
        class_names(21)
