"""Seed recipes against loops over pixels that spell the rules out."""

import numpy as np
import pytest
import torch
from crf_samples import cleaned, dense_crf

from projects.amr.ops import seeds as module
from projects.amr.ops.dense_crf import DenseCRF, unary_from_softmax
from projects.amr.ops.label_crf import (
    LabelCRF,
    refine_class_labels,
)
from projects.amr.ops.pixel_adaptive_refinement import (
    pixel_adaptive_refinement,
)
from projects.amr.ops.seeds import (
    affinity_seed,
    confident_seed,
    reliable_seed,
)

CLASSES = np.array([2, 5, 11])
IRN = {'kernels': 'irn', 'gt_prob': 0.7}


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 40, (13, 17, 3)).astype(np.uint8)
    image[3:9, 4:12] += 150
    cam = 0.3 * rng.random((3, 13, 17))
    cam[0, 3:9, 4:8] += 0.5
    cam[1, 3:9, 8:12] += 0.6
    cam[0] **= 2
    return image, cam


def loop_confident(first, second):
    """Merge two maps of labels, pixel by pixel."""
    seed = np.full(first.shape, 255, np.uint8)
    for place in np.ndindex(first.shape):
        if first[place] != 0:
            seed[place] = first[place]
        elif second[place] == 0:
            seed[place] = 0
    return seed


def loop_labels(cam, threshold):
    """Index 1.. of the best map, 0 for background."""
    result = np.zeros(cam.shape[1:], int)
    for y, x in np.ndindex(cam.shape[1:]):
        scores = [threshold, *cam[:, y, x]]
        result[y, x] = int(np.argmax(scores))
    return result


def as_labels(index):
    return np.array([0, 3, 6, 12])[index]


def test_irn_without_crf_is_two_thresholds(scene):
    image, cam = scene
    seed = confident_seed(
        image, cam, CLASSES, fg_thr=0.6, bg_thr=0.2, crf=None
    )
    expected = loop_confident(
        as_labels(loop_labels(cam, 0.6)), as_labels(loop_labels(cam, 0.2))
    )
    np.testing.assert_array_equal(seed, expected)
    assert seed.dtype == np.uint8
    assert set(np.unique(seed)) == {0, 3, 6, 255}


def test_irn_with_crf_merges_two_cleaned_maps(scene):
    image, cam = scene
    maps = [
        as_labels(cleaned(image, loop_labels(cam, threshold), 4))
        for threshold in (0.6, 0.2)
    ]
    seed = confident_seed(image, cam, CLASSES, fg_thr=0.6, bg_thr=0.2)
    np.testing.assert_array_equal(seed, loop_confident(*maps))
    plain = confident_seed(
        image, cam, CLASSES, fg_thr=0.6, bg_thr=0.2, crf=None
    )
    assert (seed != plain).any()


@pytest.mark.parametrize(
    ('recipe', 'expected'),
    [(confident_seed, [7, 7, 255, 0]), (affinity_seed, [0, 7, 255, 0])],
)
def test_what_counts_where_the_cleaned_maps_disagree(
    recipe, expected, monkeypatch
):
    """A CRF may leave a class in the first map and background in the other."""

    class Fixed:
        def __init__(self, *args, **kwargs):
            pass

        def infer(self, maps, *args):
            assert (maps.shape[0], *maps.shape[-2:]) == (2, 1, 4)
            return np.array([[[1, 1, 0, 0]], [[0, 1, 1, 0]]])

        refine = infer

    monkeypatch.setattr(module, 'LabelCRF', Fixed)
    image, cam = np.zeros((1, 4, 3), np.uint8), np.zeros((1, 1, 4))
    assert recipe(image, cam, np.array([6])).tolist() == [expected]


def test_par_refines_the_scores_against_each_background():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 9, (41, 53, 3)).astype(np.uint8)
    image[5:30, 6:25] += 90
    image[8:38, 25:48] += 200
    cam = 0.25 * rng.random((3, 41, 53)).astype(np.float32)
    cam[0, 5:30, 6:25] += 0.7
    cam[1, 8:38, 25:48] += 0.4
    index = []
    for background in (0.6, 0.33):
        scores = np.stack([np.full_like(cam[0], background), *cam])
        refined = pixel_adaptive_refinement(
            torch.from_numpy(image).permute(2, 0, 1)[None],
            torch.from_numpy(scores)[None].softmax(1),
        )
        index.append(refined[0].argmax(0).numpy())
    expected = loop_confident(as_labels(index[0]), as_labels(index[1]))
    seed = confident_seed(image, cam, CLASSES, crf='par')
    np.testing.assert_array_equal(seed, expected)
    assert {0, 3, 255} <= set(np.unique(seed))


def against_background(image, cam, alpha, crf):
    """The background's score, and the marginals of all."""
    rest = (1 - cam.max(0)) ** alpha
    scores = np.concatenate([rest[None], cam]).astype(np.float32)
    unary = unary_from_softmax(scores)
    if crf:
        return rest, dense_crf(image, unary, kernels='affinitynet')
    weights = np.exp(-unary)
    return rest, weights / weights.sum(0)


@pytest.mark.parametrize('crf', [None, 'dense'])
def test_affinitynet_by_its_rules(scene, crf):
    image, cam = scene
    low, high = (
        as_labels(against_background(image, cam, alpha, crf)[1].argmax(0))
        for alpha in (4, 32)
    )
    expected = np.full(low.shape, 255, np.uint8)
    for place in np.ndindex(low.shape):
        if high[place] == 0:
            expected[place] = 0
        elif low[place] != 0:
            expected[place] = low[place]
    seed = affinity_seed(image, cam, CLASSES, crf=crf)
    np.testing.assert_array_equal(seed, expected)
    if crf is None:
        assert {0, 3, 6, 255} <= set(np.unique(seed))
        assert not np.any((high == 0) & (low != 0))
    else:
        assert len(np.unique(seed)) > 1


@pytest.mark.parametrize('crf', [None, 'dense'])
def test_rrm_by_its_rules(scene, crf):
    image, cam = scene
    cam = np.concatenate([cam[:2], 0.09 * cam[:1]]).astype(np.float32)
    cam[:, :, 13:] *= 0.01
    low, high = (
        against_background(image, cam, alpha, crf) for alpha in (4, 32)
    )
    expected = np.full((13, 17), 255, np.uint8)
    for y, x in np.ndindex(13, 17):
        if high[1][0, y, x] > 0.8 and high[0][y, x] > 0.8:
            expected[y, x] = 0
        k = int(cam[:, y, x].argmax())
        values = np.sort(cam[k][cam[k] > 0.1])
        if len(values) and low[1][k + 1, y, x] > 0.8:
            place = 0.6 * (len(values) - 1)
            below = values[int(place)]
            step = values[min(int(place) + 1, len(values) - 1)] - below
            if cam[k, y, x] >= below + (place - int(place)) * step:
                expected[y, x] = CLASSES[k] + 1
    seed = reliable_seed(image, cam, CLASSES, crf=crf)
    np.testing.assert_array_equal(seed, expected)
    assert set(np.unique(seed)) >= {0, 255}
    assert crf is None or {3, 6} & set(np.unique(seed))


@pytest.mark.parametrize(
    ('recipe', 'changes'),
    [
        (confident_seed, {'fg_thr': 0.75}),
        (confident_seed, {'bg_thr': 0.1}),
        (confident_seed, {'gt_prob': 0.97}),
        (confident_seed, {'num_iters': 0}),
        (confident_seed, {'crf': None}),
        (confident_seed, {'crf': 'par'}),
        (affinity_seed, {'crf': 'par'}),
        (confident_seed, {'kernels': 'deeplabv2'}),
        (reliable_seed, {'alpha_low': 1, 'crf': None}),
        (reliable_seed, {'alpha_high': 5}),
        (reliable_seed, {'prob_thr': 0.6}),
        (reliable_seed, {'top_share': 0.9}),
        (reliable_seed, {'min_score': 0.6}),
        (reliable_seed, {'num_iters': 0}),
        (reliable_seed, {'crf': None}),
        (reliable_seed, {'kernels': 'deeplabv2'}),
        (affinity_seed, {'alpha_low': 1}),
        (affinity_seed, {'alpha_high': 5}),
        (affinity_seed, {'num_iters': 0}),
        (affinity_seed, {'crf': None}),
        (affinity_seed, {'kernels': 'deeplabv2'}),
    ],
)
def test_every_argument_matters(recipe, changes):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (19, 23, 3)).astype(np.uint8)
    cam = rng.random((3, 19, 23)) ** 2
    before = recipe(image, cam, CLASSES)
    assert (before != recipe(image, cam, CLASSES, **changes)).any()


@pytest.mark.parametrize('recipe', [confident_seed, affinity_seed])
class TestBothRecipes:
    @pytest.mark.parametrize('crf', ['dense', 'par', None])
    def test_image_without_class_is_background(self, recipe, crf):
        image = np.zeros((5, 7, 3), np.uint8)
        seed = recipe(image, np.zeros((0, 5, 7)), np.zeros(0), crf=crf)
        assert seed.shape == (5, 7)
        assert not seed.any()

    @pytest.mark.parametrize('crf', ['dense', 'par', None])
    def test_clear_cam_gives_clear_seed(self, recipe, crf):
        image = np.zeros((20, 30, 3), np.uint8)
        image[5:15, 10:20] = 200
        cam = (image[None, ..., 0] > 0).astype(np.float32)
        seed = recipe(image, cam, np.array([7]), crf=crf)
        np.testing.assert_array_equal(seed, 8 * cam[0])

    def test_dense_crf_is_built_once(self, recipe, scene, monkeypatch):
        built = []

        class Counting(DenseCRF):
            def __init__(self, *args, **kwargs):
                built.append(self)
                super().__init__(*args, **kwargs)

        monkeypatch.setattr('projects.amr.ops.label_crf.DenseCRF', Counting)
        recipe(*scene, CLASSES)
        assert len(built) == 1

    @pytest.mark.parametrize(
        ('cam', 'classes'),
        [
            (np.zeros((1, 5, 6)), [1]),
            (np.zeros((2, 5, 7)), [1]),
            (np.zeros((5, 7)), [1]),
            (np.full((1, 5, 7), 1.1), [1]),
            (np.full((1, 5, 7), np.nan), [1]),
        ],
    )
    def test_bad_maps_are_refused(self, recipe, cam, classes):
        with pytest.raises(ValueError, match='cam'):
            recipe(np.zeros((5, 7, 3), np.uint8), cam, classes)


def test_refining_keeps_to_the_image_s_labels(scene):
    image, _ = scene
    labels = np.where(image[..., 0] > 100, 12, 0).astype(np.uint8)
    labels[5, 5] = 3
    refined = refine_class_labels(image, labels, 'dense', CLASSES, **IRN)
    np.testing.assert_array_equal(
        refined, np.where(image[..., 0] > 100, 12, 0)
    )
    same = refine_class_labels(image, labels, None)
    np.testing.assert_array_equal(same, labels)


def test_number_of_possible_classes_matters_to_the_unary():
    """The rest of the probability is shared by all labels of the image."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 30, (15, 15, 3)).astype(np.uint8)
    labels = rng.integers(0, 2, (15, 15)).astype(np.uint8)
    few, many = (
        refine_class_labels(
            image, labels, 'dense', np.arange(n), num_iters=1, **IRN
        )
        for n in (1, 20)
    )
    assert set(np.unique(many)) <= {0, 1}
    assert (few != many).any()


@pytest.mark.parametrize('crf', [None, 'dense'])
def test_several_maps_at_once_are_cleaned_as_each_alone(crf):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 30, (9, 14, 3)).astype(np.uint8)
    maps = rng.integers(0, 3, (3, 9, 14))
    cleaner = LabelCRF(image, crf)
    together = cleaner.refine(maps, 3)
    assert together.dtype == np.uint8
    for labels, result in zip(maps, together, strict=True):
        np.testing.assert_array_equal(result, cleaner.refine(labels, 3))
