import math

import pytest
import torch

from projects.amr.ops.path_index import (
    check_radius,
    half_disc_offsets,
    path_cells,
    shared_path_plan,
    shifted_windows,
)


def distance_to_segment(cell, end):
    """Distance of a cell to the segment from (0, 0) to end, by projection."""
    (y, x), (dy, dx) = cell, end
    share = (y * dy + x * dx) / (dy * dy + dx * dx)
    share = min(max(share, 0.0), 1.0)
    return math.hypot(y - share * dy, x - share * dx)


@pytest.mark.parametrize('radius', [1, 2, 3, 5, 10])
def test_half_disc_and_its_mirror_are_the_disc(radius):
    half = set(half_disc_offsets(radius))
    mirrored = {(-dy, -dx) for dy, dx in half}
    disc = {
        (dy, dx)
        for dy in range(-radius, radius + 1)
        for dx in range(-radius, radius + 1)
        if 0 < math.hypot(dy, dx) < radius
    }
    assert not half & mirrored
    assert half | mirrored == disc
    assert all(dy >= 0 for dy, _ in half)


@pytest.mark.parametrize('radius', [2, 5, 10])
def test_path_is_what_lies_nearer_than_one_to_the_segment(radius):
    around = range(-radius - 2, radius + 3)
    for end in half_disc_offsets(radius):
        expected = [
            (y, x)
            for y in around
            for x in around
            if distance_to_segment((y, x), end) < 1 - 1e-9
        ]
        assert list(path_cells(end)) == expected


@pytest.mark.parametrize('radius', [1, 2, 5, 10, 13])
def test_plan_covers_each_path_exactly(radius):
    offsets = half_disc_offsets(radius)
    known = {-1: {(0, 0)}}
    for p, parts in shared_path_plan(radius):
        covered = {
            (y + part.shift[0], x + part.shift[1])
            for part in parts
            for y, x in known[part.source]
        }
        known[p] = set(path_cells(offsets[p]))
        assert covered == known[p]
    assert len(known) == len(offsets) + 1


def test_plan_shares_most_of_the_work():
    cells = sum(len(path_cells(end)) for end in half_disc_offsets(10))
    pieces = sum(len(parts) for _, parts in shared_path_plan(10))
    assert (cells, pieces) == (2134, 323)


@pytest.mark.parametrize('size', [(5, 7), (1, 1), (2, 9)])
def test_windows_look_at_the_neighbour(size):
    maps = torch.rand(2, *size)
    windows = shifted_windows(maps, 3, fill=9.0)
    assert windows.shape == (2, 3, 5, *size)
    for dy in range(3):
        for dx in range(-2, 3):
            for y in range(size[0]):
                for x in range(size[1]):
                    inside = y + dy < size[0] and 0 <= x + dx < size[1]
                    expected = (
                        maps[:, y + dy, x + dx]
                        if inside
                        else torch.full((2,), 9.0)
                    )
                    assert torch.equal(windows[:, dy, dx + 2, y, x], expected)


@pytest.mark.parametrize('radius', [2.0, '5', True, None])
def test_radius_must_be_whole(radius):
    with pytest.raises(TypeError, match='radius'):
        check_radius(radius)


@pytest.mark.parametrize('radius', [0, -3])
def test_radius_must_be_positive(radius):
    with pytest.raises(ValueError, match=f'at least 1, got {radius}'):
        half_disc_offsets(radius)
