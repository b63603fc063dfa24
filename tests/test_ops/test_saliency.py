"""Rules with saliency against loops over pixels that spell them out."""

from functools import partial

import numpy as np
import pytest

from projects.amr.ops.saliency import (
    drs_labels,
    grow_seeds,
    ignore_salient_background,
    mask_non_salient,
    oaa_labels,
    potential_objects,
)

CLASSES = np.array([2, 7])
SIZE = (23, 37)


def scene(seed=0):
    """Coarse maps, so that all rules have pixels; labels of two classes."""
    rng = np.random.default_rng(seed)
    saliency = rng.choice([0, 0.1, 0.15, 0.25, 0.6, 1], SIZE)
    cam = rng.choice([0, 0.15, 0.25, 0.5, 0.85, 0.95], (2, *SIZE))
    labels = rng.choice(np.array([0, 0, 3, 8, 255], np.uint8), SIZE)
    return saliency, cam, labels


def pixels():
    return np.ndindex(SIZE)


def test_oaa_by_its_rules():
    saliency, cam, _ = scene()
    want = np.zeros(SIZE, np.uint8)
    for p in pixels():
        maps = [cam[k][p] if cam[k][p] > 0.3 else 0 for k in range(2)]
        scores = [1 - saliency[p], *maps]
        want[p] = [0, 3, 8][int(np.argmax(scores))]
        sure = saliency[p] > 32 / 255 or max(cam[:, p[0], p[1]]) > 0.8
        if want[p] == 0 and sure:
            want[p] = 255
        if sum(score > 0.9 for score in scores) >= 2:
            want[p] = 255
    got = oaa_labels(saliency, cam, CLASSES)
    np.testing.assert_array_equal(got, want)
    assert set(np.unique(want)) == {0, 3, 8, 255}


def test_oaa_drops_an_image_of_next_to_no_object():
    cam = np.zeros((1, 10, 10))
    cam[0, 0, 0] = 0.7
    saliency = np.zeros((10, 10))
    saliency[0, 0] = 1
    few = oaa_labels(saliency, cam, [4])
    assert few[0, 0] == 5
    assert (oaa_labels(saliency, cam, [4], min_object=0.02) == 255).all()


@pytest.mark.parametrize('rule', [oaa_labels, drs_labels])
def test_an_image_without_class_is_background(rule):
    assert not rule(np.ones(SIZE), np.zeros((0, *SIZE)), []).any()


def test_drs_by_its_rules():
    saliency, cam, _ = scene(1)
    cam = np.concatenate([cam, cam[:1, ::-1]])
    want = np.zeros(SIZE, np.uint8)
    for p in pixels():
        salient = saliency[p] > 50 / 255
        maps = [m[p] if m[p] >= 0.2 else 0 for m in cam]
        scores = [0 if salient else 1, *maps]
        want[p] = [0, 3, 8, 12][int(np.argmax(scores))]
        conflict = sum(score > 0.9 for score in scores) > 2
        if conflict or (want[p] == 0 and salient):
            want[p] = 255
    got = drs_labels(saliency, cam, np.array([2, 7, 11]))
    np.testing.assert_array_equal(got, want)
    assert {0, 3, 8, 255} <= set(np.unique(want))


def test_salient_background_is_ignored():
    saliency, _, labels = scene(2)
    got = ignore_salient_background(labels, saliency, 0.2)
    for p in pixels():
        doubtful = labels[p] == 0 and saliency[p] > 0.2
        assert got[p] == (255 if doubtful else labels[p])
    assert got.dtype == np.uint8


def test_potential_objects_are_above_the_median():
    _, cam, labels = scene(3)
    labels[labels == 8] = 0  # class 7 has a map and no pixel
    want = labels.copy()
    medians = [
        np.median([cam[0][p] for p in pixels() if labels[p] == 3]),
        np.median([cam[1][p] for p in pixels() if cam[1][p] > 0.3]),
    ]
    for p in pixels():
        likely = any(cam[k][p] > medians[k] for k in range(2))
        if labels[p] == 0 and likely:
            want[p] = 255
    got = potential_objects(labels, cam, CLASSES)
    np.testing.assert_array_equal(got, want)
    assert (got != labels).any()
    assert not potential_objects(0 * labels, 0 * cam, CLASSES).any()


@pytest.mark.parametrize('width', [1, 5])
def test_what_is_neither_object_nor_salient_is_masked(width):
    saliency = np.zeros(SIZE)
    saliency[15:18, 25:30] = 0.5
    labels = np.zeros(SIZE, np.uint8)
    labels[2:5, 3:6], labels[10, 10] = 3, 255
    prediction = np.zeros(SIZE, np.uint8)
    prediction[4:8, 3:6] = 8
    want = np.where(labels == 0, prediction, labels)
    region = np.isin(want, [3, 8]) | (saliency > 0.2)
    half = width // 2
    for y, x in pixels():
        near = region[
            max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1
        ]
        if not near.any():
            want[y, x] = 255
    mask = partial(mask_non_salient, labels, prediction, saliency)
    np.testing.assert_array_equal(mask(2, width=width), want)
    np.testing.assert_array_equal(mask(1, width=width), labels)


def flood(seed, probs, thresholds):
    """Grow one pixel at a time until nothing changes."""
    names = [0, 3, 8]
    result, changed = seed.copy(), True
    while changed:
        changed = False
        for y, x in pixels():
            k = int(probs[:, y, x].argmax())
            near = result[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            if (
                seed[y, x] == 255 == result[y, x]
                and probs[k, y, x] > thresholds[k]
                and (near == names[k]).any()
            ):
                result[y, x], changed = names[k], True
    return result


@pytest.mark.parametrize('number', range(4))
def test_seeds_grow_as_by_flooding(number):
    rng = np.random.default_rng(number)
    probs = rng.dirichlet([0.12, 0.12, 0.12], SIZE).transpose(2, 0, 1)
    seed = np.full(SIZE, 255, np.uint8)
    places = rng.random(SIZE) < 0.05
    seed[places] = rng.choice([0, 3, 8], places.sum())
    got = grow_seeds(seed, probs, CLASSES, fg_thr=0.85, bg_thr=0.9)
    want = flood(seed, probs, [0.9, 0.85, 0.85])
    np.testing.assert_array_equal(got, want)
    assert (got != seed).sum() > 20
    np.testing.assert_array_equal(got[places], seed[places])
