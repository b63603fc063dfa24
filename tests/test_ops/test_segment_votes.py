"""Votes of segments against a loop over masks and pixels."""

import itertools

import numpy as np
import pytest

from projects.amr.ops.segment_votes import segment_votes


def loop_votes(labels, masks, share=0.5, cover=0.85, fill=False):
    """The rule spelled out, without packing and counting at once."""
    voted = []
    for mask in masks:
        inside = [labels[p] for p in np.ndindex(labels.shape) if mask[p]]
        best, winner = 0, None
        for label in range(1, 255):
            own = sum(value == label for value in inside)
            all_of_it = int((labels == label).sum())
            fits = own > share * len(inside)
            fits = fits or (own > 0 and own >= cover * all_of_it)
            if fits and own > best:
                best, winner = own, label
        if winner is None and inside.count(0) > share * len(inside):
            winner = 0
        if winner is not None:
            voted.append((len(inside), mask, winner))
    result = labels.copy()
    # Smallest last; the caller avoids overlapping masks of one area.
    for _, mask, winner in sorted(voted, key=lambda vote: -vote[0]):
        for place in np.ndindex(labels.shape):
            if mask[place] and (fill or labels[place] != 255):
                result[place] = winner
    return result


def scene(seed, height=9, width=11):
    """Labels in blocks, and boxes of different areas."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([0, 0, 3, 5, 255], (3, 3))
    labels = np.kron(blocks, np.ones((4, 5)))[:height, :width].astype(np.uint8)
    masks, areas = [], set()
    while len(masks) < 6:
        top, left = rng.integers(0, height - 1), rng.integers(0, width - 1)
        mask = np.zeros((height, width), bool)
        mask[top : top + rng.integers(1, 8), left : left + 7] = True
        if int(mask.sum()) not in areas:
            areas.add(int(mask.sum()))
            masks.append(mask)
    return labels, masks


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize(
    'options',
    [{}, {'share': 0.3}, {'cover': 0.3}, {'share': 0.9, 'fill': True}],
)
def test_it_equals_the_loop(seed, options):
    labels, masks = scene(seed)
    names = {
        'share': 'min_share',
        'cover': 'min_cover',
        'fill': 'fill_ignored',
    }
    given = {names[key]: value for key, value in options.items()}
    got = segment_votes(labels, masks, **given)
    np.testing.assert_array_equal(got, loop_votes(labels, masks, **options))
    if 'fill' not in options:
        np.testing.assert_array_equal(got[labels == 255], 255)


def test_every_order_gives_the_same_even_for_masks_of_one_area():
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([0, 1, 2, 255], np.uint8), (5, 6))
    labels[:2], labels[3:] = 1, 2
    masks = [np.zeros((5, 6), bool) for _ in range(4)]
    masks[0][:3], masks[1][2:], masks[2][1:4], masks[3][:, :3] = (True,) * 4
    found = {
        segment_votes(labels, list(order)).tobytes()
        for order in itertools.permutations(masks)
    }
    assert len(found) == 1


def test_without_masks_or_with_empty_ones_labels_stay():
    labels = np.array([[0, 3, 255]], np.uint8)
    for masks in ([], [np.zeros((1, 3), bool)]):
        got = segment_votes(labels, masks)
        np.testing.assert_array_equal(got, labels)
        assert got is not labels
