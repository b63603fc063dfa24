"""Row 28 of the faults: pickled CAMs and labels of released codes.

The files are made here in the released form; that form was read in the
sources of jiwoon-ahn/irn, jiwoon-ahn/psa and YudeWang/SEAM.
"""

import pickle

import numpy as np
import pytest
import torch
from released_data import (
    convert_cam_file,
    convert_label_file,
)
from released_samples import released_cams
from training_faults import write_trap

from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.errors import DataError
from projects.amr.structures import CAMRecord
from projects.amr.workflow.released.restricted_pickle import (
    RefusedPickleError,
    load_pickled_npy,
)


@pytest.mark.parametrize('which', ['cam', 'high_res'])
def test_fault28_cams_of_irn(tmp_path, which):
    content = released_cams()
    np.save(tmp_path / 'a.npy', content)
    convert_cam_file(tmp_path / 'a.npy', tmp_path / 'a.npz', which)
    record = CAMRecord.load(tmp_path / 'a.npz')
    assert record.classes.tolist() == [2, 7]
    assert record.size == (23, 37)
    expected = np.asarray(content[which])[[1, 0]]
    np.testing.assert_allclose(record.cam, expected, atol=2**-11)


@pytest.mark.parametrize('protocol', [2, 4])
def test_fault28_cams_of_affinity_net(tmp_path, protocol):
    content = {5: np.random.rand(23, 37), np.int64(0): np.ones((23, 37))}
    path = tmp_path / 'a.npy'
    np.save(path, np.array(content, dtype=object))
    head = path.read_bytes()[:128]  # numpy's header, then the pickle
    path.write_bytes(
        head + pickle.dumps(np.array(content, dtype=object), protocol)
    )
    convert_cam_file(path, tmp_path / 'a.npz')
    record = CAMRecord.load(tmp_path / 'a.npz')
    assert record.classes.tolist() == [0, 5]
    assert record.size == (23, 37)
    np.testing.assert_allclose(record.cam[1], content[5], atol=2**-11)


@pytest.mark.parametrize('by_number', [False, True])
def test_fault28_label_vectors(tmp_path, by_number):
    names = ('a', 'b', 'c')
    vectors = {'2007_000032': [1, 0, 1], '2011_003276': [0, 0, 0]}
    if by_number:  # as IRN has them
        vectors = {int(k.replace('_', '')): v for k, v in vectors.items()}
    content = {k: np.array(v, np.float32) for k, v in vectors.items()}
    np.save(tmp_path / 'cls_labels.npy', content)
    count = convert_label_file(
        tmp_path / 'cls_labels.npy', tmp_path / 'labels.csv', names
    )
    assert count == 2
    table = read_label_table(tmp_path / 'labels.csv')
    assert table.columns == names
    rows = {row.image: row.names for row in table.rows}
    assert rows == {'2007_000032': ('a', 'c'), '2011_003276': ()}


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ({'x': np.zeros(20)}, 'no dict of CAMs'),
        ({'keys': np.array([1]), 'x': 1}, "no 'cam'"),
        ({3: np.full((2, 2), 5.0)}, 'values from 5'),
        ({3: np.full((2, 2), np.nan)}, 'values from nan'),
        ({3: np.array([['a']])}, 'not of numbers'),
        ({3: np.zeros((2, 2)), 4: np.zeros((3, 2))}, 'differing'),
        ({-1: np.zeros((2, 2))}, 'indices from 0'),
        ({'keys': np.array([1]), 'cam': np.zeros((2, 2, 2))}, 'do not go'),
        ({'keys': np.array([1]), 'cam': np.zeros((1, 2, 2))}, '--image-dir'),
        ([1], 'not a dict'),
    ],
)
def test_fault28_other_contents_are_named(tmp_path, content, words):
    path = tmp_path / 'odd.npy'
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=rf'odd\.npy.*{words}'):
        convert_cam_file(path, tmp_path / 'a.npz')
    assert not (tmp_path / 'a.npz').exists()


def test_fault28_odd_labels_are_named(tmp_path):
    for value, words in (([1, 0], r'shape \(2,\)'), ([1, 2, 0], 'not 0 or')):
        np.save(tmp_path / 'l.npy', {'a': np.array(value)})
        with pytest.raises(DataError, match=words):
            convert_label_file(
                tmp_path / 'l.npy', tmp_path / 'l.csv', ('a', 'b', 'c')
            )
    np.save(tmp_path / 'l.npy', {'../a': np.zeros(3)})
    with pytest.raises(DataError, match='no image id'):
        convert_label_file(
            tmp_path / 'l.npy', tmp_path / 'l.csv', ('a', 'b', 'c')
        )
    assert not (tmp_path / 'l.csv').exists()


class Names:
    """Pickles as a call of a named function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_fault28_pickles_that_name_more_are_refused(tmp_path):
    marker = tmp_path / 'sprung'
    path = write_trap(tmp_path / 'evil.npy', marker, 'npy')
    with pytest.raises(RefusedPickleError, match=r'evil\.npy refused.*mkdir'):
        load_pickled_npy(path)
    for odd in (
        Names(eval, '1'),
        Names(getattr, str, 'join'),
        Names(np.load, str(path)),
        Names(torch.load, str(path)),
        Names(__import__, 'os'),
    ):
        np.save(tmp_path / 'odd.npy', {'keys': odd})
        with pytest.raises(RefusedPickleError, match='refused: contains'):
            load_pickled_npy(tmp_path / 'odd.npy')
    rebuild = np.ndarray([]).__reduce__()[0]
    for odd in (
        Names(rebuild, np.ndarray, (1 << 40,), b'b'),
        Names(torch.storage._load_from_bytes, path.read_bytes()),
        Names(torch._utils._rebuild_tensor_v2, [1], 0, (1,), (1,)),
    ):
        np.save(tmp_path / 'odd.npy', {'keys': odd})
        with pytest.raises(DataError, match=r'odd\.npy is no readable'):
            load_pickled_npy(tmp_path / 'odd.npy')
    assert not marker.exists()


@pytest.mark.parametrize('keep', [0, 5, 40, 130, -7])
def test_fault28_truncated_files_are_named(tmp_path, keep):
    path = tmp_path / 'a.npy'
    np.save(path, released_cams())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'a\.npy is no readable'):
        load_pickled_npy(path)


def test_fault28_plain_arrays_are_arrays(tmp_path):
    np.save(tmp_path / 'a.npy', np.arange(3))
    assert load_pickled_npy(tmp_path / 'a.npy').tolist() == [0, 1, 2]
    with pytest.raises(DataError, match='not found'):
        load_pickled_npy(tmp_path / 'gone.npy')
