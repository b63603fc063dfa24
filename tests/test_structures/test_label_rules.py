import numpy as np
import pytest
import torch

from projects.amr.errors import DataError
from projects.amr.structures.label_rules import (
    check_labels,
    check_mask_size,
)

MAP = np.array([[0, 2, 2], [255, 1, 7], [7, 7, 30]], np.uint8)


@pytest.mark.parametrize(
    ('num_labels', 'ignored', 'words'),
    [
        (31, 255, None),
        (3, 255, 'x: values must be 0..2 or 255, got {7: 3, 30: 1} (value'),
        (8, 255, '0..7 or 255, got {30: 1}'),
        (8, 30, '0..7 or 30, got {255: 1}'),
        (31, None, '0..30, without 255, got {255: 1}'),
        (256, None, None),
        (1, 255, 'got {1: 1, 2: 2, 7: 3, 30: 1}'),
    ],
)
@pytest.mark.parametrize('kind', [np.asarray, torch.from_numpy])
def test_labels_beyond_the_list_are_counted(kind, num_labels, ignored, words):
    labels = kind(MAP)
    if words is None:
        check_labels('x', labels, num_labels, ignored=ignored)
        return
    with pytest.raises(DataError) as caught:
        check_labels('x', labels, num_labels, ignored=ignored, fix='Do this')
    assert words in str(caught.value)
    assert str(caught.value).endswith('(value: pixels). Do this')


def test_negative_labels_and_many_values():
    with pytest.raises(DataError, match=r'got \{-1: 1\}'):
        check_labels('x', np.array([[-1, 0]]), 2)
    with pytest.raises(DataError) as caught:
        check_labels('x', np.arange(2, 40).reshape(2, -1), 2)
    assert '10: 1, 11: 1}' in str(caught.value)
    assert '12: 1' not in str(caught.value)


def test_sizes_of_any_sequence_type():
    check_mask_size('x', torch.Size([5, 7]), (5, 7))
    with pytest.raises(DataError, match=r'\(5, 7\), its image is \(5, 8\)$'):
        check_mask_size('x', torch.Size([5, 7]), (5, 8))
    with pytest.raises(DataError):
        check_mask_size('x', (7, 5), (5, 7))
