import numpy as np
import pytest

from projects.amr.structures import CAMRecord, CAMRecordError


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


def test_same_record_gives_same_bytes(tmp_path):
    first = make_record().save(tmp_path / 'a.npz').read_bytes()
    assert make_record().save(tmp_path / 'b.npz').read_bytes() == first


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
def test_broken_rules_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_record(**changes)


def test_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'tools/test\.py'):
        CAMRecord.load(tmp_path / 'a.npz')


@pytest.mark.parametrize('keep', [0, 1, 40, 300])
def test_truncated_file_is_named(tmp_path, keep):
    path = make_record().save(tmp_path / 'a.npz')
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CAMRecordError, match=r'a\.npz'):
        CAMRecord.load(path)


def test_damaged_byte_is_found(tmp_path):
    path = make_record().save(tmp_path / 'a.npz')
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CAMRecordError, match=r'a\.npz'):
        CAMRecord.load(path)


def test_foreign_archive_is_refused(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(path, cam=np.zeros(3))
    with pytest.raises(CAMRecordError, match='format'):
        CAMRecord.load(path)


def test_pickled_object_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / 'exploded'), 'w'))

    path = tmp_path / 'a.npz'
    np.savez(path, format=np.array([Bomb()], dtype=object))
    with pytest.raises(CAMRecordError):
        CAMRecord.load(path)
    assert not (tmp_path / 'exploded').exists()
