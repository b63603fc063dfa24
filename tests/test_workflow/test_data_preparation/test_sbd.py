import io

import numpy as np
import pytest
from scipy.io import savemat
from voc_archives import mask_of, mat_of

from projects.amr.errors import DataError
from projects.amr.workflow.data_preparation.sbd import (
    read_sbd_mask,
)


def test_mask_is_read_as_written():
    labels = mask_of('2008_000008')
    labels[0, :] = 20
    read = read_sbd_mask(mat_of(labels), 'a.mat')
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize('value', [21, 255, -1, 0.5])
def test_values_outside_the_classes_are_named(value):
    labels = mask_of('a').astype(np.float64)
    labels[0, 0] = value
    with pytest.raises(DataError, match=rf'x.mat: .* got {value:g}$'):
        read_sbd_mask(mat_of(labels), 'x.mat')


def saved(**variables) -> bytes:
    file = io.BytesIO()
    savemat(file, variables)
    return file.getvalue()


@pytest.mark.parametrize(
    'content',
    [
        saved(other=1),
        saved(GTcls={'Other': np.ones((2, 2))}),
        saved(GTcls=np.ones((2, 2))),
        saved(GTcls={'Segmentation': np.ones((2, 2, 3))}),
        saved(GTcls={'Segmentation': 'text'}),
        mat_of(mask_of('a'))[:200],
        b'',
        b'no matlab ' * 30,
    ],
)
def test_other_content_is_refused_by_name(content):
    with pytest.raises(DataError, match=r'x\.mat'):
        read_sbd_mask(content, 'x.mat')
