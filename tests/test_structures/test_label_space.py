import numpy as np
import pytest

from projects.amr.structures.label_space import (
    class_to_label,
    classes_in_mask,
    multi_hot,
)


def test_label_of_a_class_is_found_again_in_a_mask():
    for index in range(20):
        mask = np.full((3, 5), class_to_label(index), np.uint8)
        mask[0] = 255
        mask[1] = 0
        assert classes_in_mask(mask).tolist() == [index]


def test_multi_hot_marks_exactly_the_given_classes():
    label = multi_hot({4, 1}, 6)
    assert label.tolist() == [0, 1, 0, 0, 1, 0]
    with pytest.raises(IndexError):
        multi_hot([6], 6)
