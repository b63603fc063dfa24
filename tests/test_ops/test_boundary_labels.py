"""Boundary labels against a loop over windows."""

import numpy as np
import pytest

from projects.amr.ops.boundary_labels import boundary_labels


def loop_labels(seed, window=13, share=0.3, difference=0.1):
    height, width = seed.shape
    half = window // 2
    result = np.full(seed.shape, 255)
    for y, x in np.ndindex(height, width):
        near = seed[
            max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1
        ]
        shares = [np.mean(near == label) for label in range(1, 255)]
        p2, p1 = sorted(shares)[-2:]
        p0 = np.mean(near == 0)
        if p0 > 2 * share and p0 - p1 >= 2 * difference:
            result[y, x] = 0
        if p1 > 2 * share and p1 - p0 >= 2 * difference:
            result[y, x] = 1
        if min(p0, p1) > share and abs(p0 - p1) < difference:
            result[y, x] = 2
        if p2 > share and p1 - p2 < difference:
            result[y, x] = 2
    return result


def scene():
    seed = np.zeros((23, 37), np.uint8)
    seed[4:18, 5:20], seed[8:22, 20:33], seed[:3, 30:] = 3, 7, 255
    seed[10:13, 2:9] = 255
    return seed


@pytest.mark.parametrize(
    'options',
    [{}, {'window': 5}, {'share': 0.2}, {'difference': 0.3}, {'window': 99}],
)
def test_it_equals_the_loop(options):
    got = boundary_labels(scene(), **options)
    np.testing.assert_array_equal(got, loop_labels(scene(), **options))
    assert got.dtype == np.uint8
    if not options:
        assert {0, 1, 2, 255} == set(np.unique(got))
