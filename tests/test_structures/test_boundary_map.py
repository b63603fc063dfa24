import numpy as np
import pytest

from projects.amr.structures import (
    BoundaryMapError,
    load_boundary_map,
    save_boundary_map,
)


def make_boundary(height=7, width=11):
    return np.random.default_rng(0).random((height, width))


def test_round_trip_is_exact(tmp_path):
    path = save_boundary_map(tmp_path / 'a.npz', make_boundary(), 'abc')
    loaded, key = load_boundary_map(path)
    assert key == 'abc'
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, make_boundary().astype('f4'))
    again = save_boundary_map(tmp_path / 'b.npz', loaded, 'abc')
    assert again.read_bytes() == path.read_bytes()


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
def test_broken_rules_are_refused(tmp_path, boundary):
    with pytest.raises(ValueError, match='boundary'):
        save_boundary_map(tmp_path / 'a.npz', boundary)
    assert list(tmp_path.iterdir()) == []


def test_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'a\.npz.*tools/test\.py'):
        load_boundary_map(tmp_path / 'a.npz')


@pytest.mark.parametrize('keep', [0, 1, 40, 300])
def test_truncated_file_is_named(tmp_path, keep):
    path = save_boundary_map(tmp_path / 'a.npz', make_boundary())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BoundaryMapError, match=r'a\.npz'):
        load_boundary_map(path)


def test_foreign_archives_are_refused_and_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / 'exploded'), 'w'))

    path = tmp_path / 'a.npz'
    np.savez(path, boundary=np.zeros((2, 2)))
    with pytest.raises(BoundaryMapError, match='format'):
        load_boundary_map(path)
    np.savez(path, format=np.array([Bomb()], dtype=object))
    with pytest.raises(BoundaryMapError):
        load_boundary_map(path)
    assert not (tmp_path / 'exploded').exists()
