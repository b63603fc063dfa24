"""CAM records and boundary maps on disk."""

from functools import partial

import numpy as np
import pytest

from projects.amr.errors import DataError
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    save_boundary_map,
)


def make_record(**changes):
    rng = np.random.default_rng(0)
    values = {
        'classes': np.array([2, 5]),
        'cam': rng.random((2, 7, 11)),
        'size': (27, 43),
        'branches': {'spotlight': rng.random((2, 7, 11))},
        'scores': rng.random(20),
        'key': 'abc',
    }
    return CAMRecord(**{**values, **changes})


def make_boundary(height=7, width=11):
    return np.random.default_rng(0).random((height, width))


@pytest.fixture(params=['record', 'boundary'])
def kind(request):
    """How one of each kind is saved and loaded."""
    if request.param == 'record':
        return make_record().save, CAMRecord.load
    save = partial(save_boundary_map, boundary=make_boundary(), key='k')
    return save, load_boundary_map


def test_round_trip_keeps_everything_to_half_precision(tmp_path):
    record = make_record()
    loaded = CAMRecord.load(record.save(tmp_path / 'a.npz'))
    assert loaded.classes.tolist() == [2, 5]
    assert loaded.size == (27, 43)
    assert loaded.key == 'abc'
    np.testing.assert_allclose(loaded.cam, record.cam, rtol=2**-11)
    np.testing.assert_allclose(
        loaded.branches['spotlight'], record.branches['spotlight'], rtol=2**-11
    )
    np.testing.assert_array_equal(loaded.scores, record.scores)


def test_half_precision_maps_come_back_bit_for_bit(tmp_path):
    cam = make_record().cam.astype(np.float16).astype(np.float32)
    record = make_record(cam=cam)
    loaded = CAMRecord.load(record.save(tmp_path / 'a.npz'))
    np.testing.assert_array_equal(loaded.cam, cam)


def test_image_without_labels_has_an_empty_record(tmp_path):
    record = CAMRecord(np.zeros(0), np.zeros((0, 3, 4)), (9, 13))
    loaded = CAMRecord.load(record.save(tmp_path / 'a.npz'))
    assert loaded.classes.shape == (0,)
    assert loaded.cam.shape == (0, 3, 4)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'classes': np.array([5, 2])}, 'strictly increasing'),
        ({'classes': np.array([2, 2])}, 'strictly increasing'),
        ({'classes': np.array([-1, 2])}, 'from 0'),
        ({'cam': np.zeros((3, 7, 11))}, 'shape'),
        ({'cam': np.full((2, 7, 11), 1.01)}, r'\[0, 1\]'),
        ({'cam': np.full((2, 7, 11), np.nan)}, 'finite'),
        ({'branches': {'x': np.zeros((1, 7, 11))}}, 'x'),
        ({'size': (0, 4)}, 'positive'),
    ],
)
def test_records_that_break_a_rule_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_record(**changes)


def test_boundaries_come_back_bit_for_bit(tmp_path):
    path = save_boundary_map(tmp_path / 'a.npz', make_boundary(), 'abc')
    loaded, key = load_boundary_map(path)
    assert key == 'abc'
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, make_boundary().astype('f4'))


@pytest.mark.parametrize(
    'boundary',
    [
        np.full((2, 2), 1.01),
        np.full((2, 2), -0.1),
        np.full((2, 2), np.nan),
        np.zeros((1, 2, 2)),
        np.zeros((0, 2)),
    ],
)
def test_boundaries_that_break_a_rule_are_refused(tmp_path, boundary):
    with pytest.raises(ValueError, match='boundary'):
        save_boundary_map(tmp_path / 'a.npz', boundary)
    assert list(tmp_path.iterdir()) == []


def test_same_content_gives_same_bytes(tmp_path, kind):
    save = kind[0]
    first, second = save(tmp_path / 'a.npz'), save(tmp_path / 'b.npz')
    assert first.read_bytes() == second.read_bytes()


def test_missing_file_says_how_to_make_it(tmp_path, kind):
    with pytest.raises(FileNotFoundError, match=r'a\.npz.*tools/test\.py'):
        kind[1](tmp_path / 'a.npz')


@pytest.mark.parametrize('keep', [0, 1, 40, 300])
def test_truncated_file_is_named(tmp_path, kind, keep):
    save, load = kind
    path = save(tmp_path / 'a.npz')
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'a\.npz'):
        load(path)


def test_damaged_byte_is_found(tmp_path, kind):
    save, load = kind
    path = save(tmp_path / 'a.npz')
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r'a\.npz'):
        load(path)


def test_foreign_archives_are_refused_and_never_unpickled(tmp_path, kind):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / 'exploded'), 'w'))

    _, load = kind
    path = tmp_path / 'a.npz'
    np.savez(path, cam=np.zeros(3))
    with pytest.raises(DataError, match='format'):
        load(path)
    np.savez(path, format=np.array([Bomb()], dtype=object))
    with pytest.raises(DataError):
        load(path)
    assert not (tmp_path / 'exploded').exists()
