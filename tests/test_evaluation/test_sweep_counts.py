from itertools import product

import numpy as np
import pytest

from projects.amr.evaluation.sweep_counts import SweepCounts

SHAPES = {'label': (2, 3, 4), 'part': (2, 5)}


def image(rng, maps=('a', 'b'), kinds=('label', 'part')):
    """Sparse counts of an image, as the histograms give them."""
    result = {}
    for name in maps:
        result[name] = {}
        for kind in kinds:
            size = int(np.prod(SHAPES[kind]))
            index = rng.choice(size, 6, replace=False)
            result[name][kind] = (index, rng.integers(1, 99, 6))
    return result


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [image(rng) for _ in range(7)]


def expected(images, name, kind):
    total = np.zeros(SHAPES[kind], np.int64)
    for found in images:
        for index, value in zip(*found[name][kind], strict=True):
            total[np.unravel_index(index, SHAPES[kind])] += value
    return total


def counted(images):
    counts = SweepCounts(SHAPES)
    for found in images:
        counts.add('b', found)
    return counts


@pytest.mark.parametrize('cuts', [(0, 7), (3, 4), (0, 0)])
def test_ranks_join_to_the_whole_and_stay_as_they_were(images, cuts):
    first, second = cuts
    parts = [
        counted(images[:first]),
        counted(images[first:second]),
        counted(images[second:]),
    ]
    for _ in range(2):
        total = SweepCounts.joined(parts)
        assert (total.images, total.masked, total.final) == (7, 7, 'b')
        assert total.maps == ('a', 'b')
        for name, kind in product('ab', SHAPES):
            np.testing.assert_array_equal(
                total.histogram(name, kind), expected(images, name, kind)
            )


def test_a_kind_that_an_image_lacks_is_not_complete(images):
    counts = counted(images)
    counts.add(None, {})
    assert (counts.images, counts.masked) == (8, 7)
    assert counts.complete('part')
    counts.add('b', image(np.random.default_rng(1), kinds=('label',)))
    assert counts.complete('label')
    assert not counts.complete('part')
    assert not SweepCounts.joined([counted(images), counts]).complete('part')
