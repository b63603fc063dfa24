"""Clusters of images against scikit-learn and against all partitions."""

import itertools

import numpy as np
import pytest
from sklearn.cluster import KMeans

from projects.amr.ops.subcategories import cluster_subcategories, k_means


def test_it_finds_the_best_of_all_partitions():
    points = np.random.default_rng(0).normal(size=(8, 2))
    best = np.inf
    for split in itertools.product(range(3), repeat=8):
        clusters = [points[np.array(split) == c] for c in range(3)]
        inner = sum(((c - c.mean(0)) ** 2).sum() for c in clusters if len(c))
        best = min(best, inner)
    _, distances = k_means(points, 3, num_starts=200)
    assert distances.sum() == pytest.approx(best)


@pytest.mark.parametrize('clusters', [1, 4, 10])
def test_it_is_as_good_as_scikit_learn(clusters):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(200, 5)) + 4 * rng.integers(0, 3, (200, 1))
    assigned, distances = k_means(points, clusters)
    theirs = KMeans(clusters, n_init=10, random_state=0).fit(points)
    assert distances.sum() < 1.03 * theirs.inertia_
    centres = [points[assigned == c].mean(0) for c in range(clusters)]
    apart = ((points[:, None] - np.array(centres)) ** 2).sum(-1)
    np.testing.assert_array_equal(apart.argmin(1), assigned)
    np.testing.assert_allclose(apart.min(1), distances)


def test_every_start_takes_centres_of_different_points():
    """k-means++ never takes a point twice while others are left."""
    corners = np.random.default_rng(4).normal(size=(6, 3))
    points = np.repeat(corners, 4, axis=0)
    for seed in range(20):
        _, distances = k_means(points, 6, seed=seed, num_starts=1)
        assert distances.sum() < 1e-20


def blobs():
    """Features in three blobs; class 1 has one image, class 2 none."""
    rng = np.random.default_rng(2)
    blob = np.repeat([0, 1, 2], [7, 8, 10])
    features = rng.normal(size=(25, 4)) + 50 * blob[:, None]
    labels = np.zeros((25, 3))
    labels[:, 0] = 1
    labels[3, 1] = 1
    return features, labels, blob


def test_sub_labels_are_clusters_of_each_class():
    features, labels, blob = blobs()
    sub, found = cluster_subcategories(features, labels, 3, min_images=5)
    assert sub.shape == (25, 9)
    assert found.tolist() == [3, 1, 0]
    np.testing.assert_array_equal(sub[:, :3], np.eye(3)[blob])
    np.testing.assert_array_equal(sub[:, 3], labels[:, 1])
    assert not sub[:, 4:].any()
    sums = sub.reshape(25, 3, 3).sum(2)
    np.testing.assert_array_equal(sums, labels)


def test_rare_classes_have_fewer_clusters():
    features, labels, _ = blobs()
    for least, expected in ((1, 10), (10, 2), (26, 1)):
        _, found = cluster_subcategories(features, labels, min_images=least)
        assert found.tolist() == [expected, 1, 0]


def test_equal_images_and_the_same_input_twice():
    labels = np.ones((12, 2))
    sub, found = cluster_subcategories(np.ones((12, 3)), labels, min_images=1)
    assert found.tolist() == [10, 10]
    np.testing.assert_array_equal(sub.reshape(12, 2, 10).sum(2), 1)
    features, labels, _ = blobs()
    first = cluster_subcategories(features, labels, 4, min_images=2)[0]
    again = cluster_subcategories(features, labels, 4, min_images=2)[0]
    np.testing.assert_array_equal(first, again)
