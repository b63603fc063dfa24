"""Unaries of a dense CRF: -log p, float32, shape (L, H, W) or (B, L, H, W).

Shape legend: B maps of one image, L labels, (H, W) the image.
"""

import numpy as np


def unary_from_labels(
    labels: np.ndarray, num_labels: int, gt_prob: float = 0.7
) -> np.ndarray:
    """Unary of a label map that is right with a given probability.

    As pydensecrf's function of this name with ``zero_unsure=False``: a
    pixel's own label costs -log(gt_prob), each other one
    -log((1 - gt_prob) / (L - 1)).

    Args:
        labels (np.ndarray): Integers in [0, num_labels), shape (H, W) or,
            several maps, (B, H, W).
        num_labels (int): L.
        gt_prob (float): In (0, 1). Defaults to 0.7.

    Returns:
        np.ndarray: Float32, shape (L, H, W) or (B, L, H, W).

    Raises:
        TypeError: If ``labels`` are not integers.
        ValueError: If an argument breaks its rule.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in 'iu':
        raise TypeError(f'`labels` must be integers, got {labels.dtype}')
    if not 0 < gt_prob < 1:
        raise ValueError(f'`gt_prob` must be in (0, 1), got {gt_prob}')
    if labels.ndim not in (2, 3) or not labels.size:
        raise ValueError(
            f'`labels` must be (H, W) or (B, H, W), got {labels.shape}'
        )
    if labels.min() < 0 or labels.max() >= num_labels:
        raise ValueError(
            f'`labels` must be in [0, {num_labels}), got '
            f'{labels.min()} to {labels.max()}'
        )
    other = (1 - gt_prob) / max(num_labels - 1, 1)
    own = labels[..., None, :, :] == np.arange(num_labels)[:, None, None]
    return np.where(own, -np.log(gt_prob), -np.log(other)).astype(np.float32)


def unary_from_softmax(probs: np.ndarray, clip: float = 1e-5) -> np.ndarray:
    """Unary of a segmentation network's softmax.

    Args:
        probs (np.ndarray): Probabilities in [0, 1], any shape.
        clip (float): Lower bound that keeps the logarithm finite, in (0, 1].
            Defaults to 1e-5, as in pydensecrf.

    Returns:
        np.ndarray: Float32, the shape of ``probs``.

    Raises:
        ValueError: If an argument breaks its rule.
    """
    probs = np.asarray(probs, np.float32)
    if not 0 < clip <= 1:
        raise ValueError(f'`clip` must be in (0, 1], got {clip}')
    if not np.all((probs >= 0) & (probs <= 1 + 1e-4)):
        raise ValueError(
            f'`probs` must be in [0, 1], got {probs.min()} to {probs.max()}'
        )
    return -np.log(probs.clip(clip, 1))
