"""Sub-categories: the clusters of each class's images.

SC-CAM (arXiv:2008.01183) trains a second head to tell the clusters of a class
apart, so that the features cover more than a class's most telling part.

Shape legend: I images, F features, K classes, S clusters of a class at most.
"""

import numpy as np
from scipy.spatial.distance import cdist

from projects.amr.ops.checks import require


def cluster_subcategories(
    features: np.ndarray,
    labels: np.ndarray,
    num_clusters: int = 10,
    *,
    min_images: int = 10,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Cluster each class's images and label them with their clusters.

    k-means over the features of the images that carry a class, for each
    class by itself. A class of n images has ``n // min_images`` clusters, at
    least 1 and at most S, so that rare classes work.

    Released code: 10 clusters for every class, which fails for a class of
    fewer images.

    Args:
        features (np.ndarray): A classifier's pooled features, real, shape
            (I, F).
        labels (np.ndarray): Weak labels, {0, 1}, shape (I, K).
        num_clusters (int): S, at least 1. Defaults to 10.
        min_images (int): Images per cluster on average, at least 1; a guess.
            Defaults to 10.
        seed (int): Of the first centres. Defaults to 0.

    Returns:
        tuple[np.ndarray, np.ndarray]: Sub-labels, float32, {0, 1}, shape (I,
        K * S), cluster c of class k at ``k * S + c``; and the clusters of
        each class, int64, shape (K,), 0 for a class without images. The same
        input gives the same output.

    Example:
        >>> features = np.array([[0.0], [0.1], [9.0], [5.0]])
        >>> labels = np.array([[1, 0], [1, 0], [1, 1], [0, 1]])
        >>> cluster_subcategories(features, labels, 2, min_images=1)[0]
        array([[1., 0., 0., 0.],
               [1., 0., 0., 0.],
               [0., 1., 1., 0.],
               [0., 0., 0., 1.]], dtype=float32)
    """
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    finite = features.ndim == 2 and np.isfinite(features).all()
    require(finite, 'features', features.shape, 'finite (I, F)')
    fits = labels.ndim == 2 and len(labels) == len(features)
    require(fits, 'labels', labels.shape, f'({len(features)}, K)')
    require(num_clusters >= 1, 'num_clusters', num_clusters, 'at least 1')
    require(min_images >= 1, 'min_images', min_images, 'at least 1')
    result = np.zeros((*labels.shape, num_clusters), np.float32)
    found = np.zeros(labels.shape[1], np.int64)
    for k in range(labels.shape[1]):
        own = np.flatnonzero(labels[:, k])
        if not len(own):
            continue
        found[k] = np.clip(len(own) // min_images, 1, num_clusters)
        assigned = k_means(features[own], int(found[k]), seed=seed)[0]
        result[own, k, assigned] = 1
    return result.reshape(len(labels), -1), found


def k_means(
    points: np.ndarray,
    num_clusters: int,
    *,
    seed: int = 0,
    num_starts: int = 10,
    max_iters: int = 300,
) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's k-means of points (I, F), the best of several starts.

    Centres start as k-means++ has it. Returns the cluster of each point,
    int64 (I,), that of the first point first, and its squared distance to
    the centre.

    Raises:
        ValueError: If there are fewer points than clusters.
    """
    fits = 1 <= num_clusters <= len(points)
    require(fits, 'num_clusters', num_clusters, f'in 1..{len(points)}')
    rng = np.random.default_rng(seed)
    starts = (
        _lloyd(points, _first_centres(points, num_clusters, rng), max_iters)
        for _ in range(num_starts)
    )
    assigned, distances = min(starts, key=lambda start: start[1].sum())
    _, first, index = np.unique(
        assigned, return_index=True, return_inverse=True
    )
    return first.argsort().argsort()[index], distances


def _first_centres(points, num_clusters: int, rng) -> np.ndarray:
    """Centres far apart (k-means++)."""
    centres = [points[rng.integers(len(points))]]
    nearest = np.full(len(points), np.inf)
    while len(centres) < num_clusters:
        distance = ((points - centres[-1]) ** 2).sum(1)
        nearest = np.minimum(nearest, distance)
        total = nearest.sum()
        weights = nearest / total if total > 0 else None
        centres.append(points[rng.choice(len(points), p=weights)])
    return np.stack(centres)


def _lloyd(points, centres, max_iters: int) -> tuple[np.ndarray, np.ndarray]:
    """Clusters and squared distances after convergence."""
    assigned = None
    for _ in range(max_iters):
        distances = cdist(points, centres, 'sqeuclidean')
        before, assigned = assigned, distances.argmin(1)
        if before is not None and (before == assigned).all():
            break
        for cluster in range(len(centres)):
            own = points[assigned == cluster]
            # An empty cluster keeps its centre.
            if len(own):
                centres[cluster] = own.mean(0)
    return assigned, distances.min(1)
