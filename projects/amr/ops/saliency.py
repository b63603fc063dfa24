"""Label rules that take a saliency map as the background's cue.

Where saliency maps are used they are a supervision of their own: the networks
that made the published ones saw masks. The rules are those of the released
codes of OAA+ (ICCV 2019), DRS (AAAI 2021), NSROM (CVPR 2021) and DSRG (CVPR
2018).

Shape legend: K labelled classes of the image, (H, W) size of the image.
"""

import inspect
from functools import partial

import cv2
import numpy as np

from projects.amr.ops.checks import require
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
    class_to_label,
)


def oaa_labels(
    saliency: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    map_thr: float = 0.3,
    conflict_thr: float = 0.9,
    sure_thr: float = 0.8,
    salient_thr: float = 32 / 255,
    min_object: float = 0.01,
    mine_objects: bool = False,
) -> np.ndarray:
    """OAA+'s labels: the best of the maps and of what is not salient.

    Saliency (H, W) and maps (K, H, W) are in [0, 1], ``classes`` the
    foreground class indices (K,); labels are uint8 (H, W), 255 ignored. MCIS
    takes 0.99 for ``conflict_thr`` and 0.95 for ``sure_thr``; ``min_object``
    is the least share of object pixels, ``mine_objects`` applies NSROM's
    :func:`potential_objects` to the result.

    The background's score is 1 - saliency; a map counts where it exceeds
    ``map_thr``. Ignored are pixels where two scores or more, the
    background's included, exceed ``conflict_thr``; background pixels that
    are salient or where a map exceeds ``sure_thr``; and every pixel of an
    image with too few object pixels. An image without classes is background.

    Raises:
        ValueError: If sizes differ or a value leaves [0, 1].

    Example:
        >>> saliency = np.array([[0.0, 0.6, 0.6]])
        >>> cam = np.array([[[0.1, 0.7, 0.1]]])
        >>> oaa_labels(saliency, cam, np.array([4]))
        array([[  0,   5, 255]], dtype=uint8)
    """
    saliency, cam = _check(saliency, cam, classes)
    if not len(cam):
        return np.full(saliency.shape, BACKGROUND_LABEL, np.uint8)
    maps = np.where(cam > map_thr, cam, 0)
    scores = np.concatenate([1 - saliency[None], maps])
    labels = _best_label(scores, classes)
    doubtful = (saliency > salient_thr) | (cam > sure_thr).any(0)
    labels[(labels == BACKGROUND_LABEL) & doubtful] = IGNORE_LABEL
    labels[(scores > conflict_thr).sum(0) >= 2] = IGNORE_LABEL
    objects = (labels != BACKGROUND_LABEL) & (labels != IGNORE_LABEL)
    if objects.mean() < min_object:
        labels[:] = IGNORE_LABEL
    if mine_objects:
        return potential_objects(labels, cam, classes, map_thr=map_thr)
    return labels


def drs_labels(
    saliency: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    map_thr: float = 0.2,
    conflict_thr: float = 0.9,
    salient_thr: float = 50 / 255,
) -> np.ndarray:
    """DRS's labels: maps where it is salient, background elsewhere.

    Arguments are those of :func:`oaa_labels`.

    The background's score is 1 where it is not salient, else 0; a map counts
    from ``map_thr`` on. Ignored are pixels where more than two scores exceed
    ``conflict_thr``, and salient background. An image without classes is
    background.
    """
    saliency, cam = _check(saliency, cam, classes)
    if not len(cam):
        return np.full(saliency.shape, BACKGROUND_LABEL, np.uint8)
    salient = saliency > salient_thr
    maps = np.where(cam < map_thr, 0, cam)
    scores = np.concatenate([1.0 - salient[None], maps])
    labels = _best_label(scores, classes)
    labels[(labels == BACKGROUND_LABEL) & salient] = IGNORE_LABEL
    labels[(scores > conflict_thr).sum(0) > 2] = IGNORE_LABEL
    return labels


SALIENCY_RECIPES = {
    'oaa': oaa_labels,
    'drs': drs_labels,
    'nsrom': partial(oaa_labels, mine_objects=True),
}


def check_saliency_params(recipe: str, params: dict) -> None:
    """Refuse parameters of a recipe, shares in [0, 1], without running it."""
    rule = inspect.signature(SALIENCY_RECIPES[recipe])
    rule.bind(*[None] * 3, **params)
    for name, value in params.items():
        require(0 <= value <= 1, name, value, 'within [0, 1]')


def ignore_salient_background(
    labels: np.ndarray, saliency: np.ndarray, salient_thr: float = 32 / 255
) -> np.ndarray:
    """Set salient background of labels (H, W), uint8, to 255.

    The threshold is OAA+'s.
    """
    doubtful = (labels == BACKGROUND_LABEL) & (saliency > salient_thr)
    return np.where(doubtful, np.uint8(IGNORE_LABEL), labels)


def potential_objects(
    labels: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    map_thr: float = 0.3,
) -> np.ndarray:
    """NSROM's potential object mining (POM): likely objects are ignored.

    Labels are uint8 (H, W), maps (K, H, W) in [0, 1].

    For each class the median of its map over the pixels labelled with it,
    or, without any, over those where the map exceeds ``map_thr``. Background
    pixels whose map exceeds it become 255.
    """
    _, cam = _check(np.zeros(labels.shape), cam, classes)
    result = labels.copy()
    for own, label in zip(
        cam, class_to_label(np.asarray(classes)), strict=True
    ):
        region = labels == label
        region = region if region.any() else own > map_thr
        if region.any():
            likely = own > np.median(own[region])
            result[(labels == BACKGROUND_LABEL) & likely] = IGNORE_LABEL
    return result


def mask_non_salient(
    labels: np.ndarray,
    prediction: np.ndarray,
    saliency: np.ndarray,
    num_classes: int,
    *,
    salient_thr: float = 32 / 255,
    width: int = 30,
) -> np.ndarray:
    """NSROM's non-salient region masking (NSRM), for a second round.

    Labels and the first segmentor's ``prediction`` are uint8 (H, W);
    ``num_classes`` is K; ``width`` is the side of the dilating square, in
    pixels.
    The threshold is a guess: OAA+'s.

    Of an image with several classes, the objects that the first segmentor
    predicts replace background; what is outside the dilated region of
    objects and saliency is ignored. An image of one class stays.

    Raises:
        ValueError: If sizes differ or ``width`` is below 1.
    """
    if not labels.shape == prediction.shape == saliency.shape:
        raise ValueError(
            '`labels`, `prediction` and `saliency` must have one size, got '
            f'{labels.shape}, {prediction.shape} and {saliency.shape}'
        )
    require(width >= 1, 'width', width, 'at least 1')
    if num_classes < 2:
        return labels.copy()
    background = labels == BACKGROUND_LABEL
    result = np.where(background, prediction, labels).astype(np.uint8)
    objects = (result != BACKGROUND_LABEL) & (result != IGNORE_LABEL)
    region = (objects | (saliency > salient_thr)).astype(np.uint8)
    square = np.ones((width, width), np.uint8)
    result[cv2.dilate(region, square) == 0] = IGNORE_LABEL
    return result


def grow_seeds(
    seed: np.ndarray,
    probs: np.ndarray,
    classes: np.ndarray,
    *,
    fg_thr: float = 0.85,
    bg_thr: float = 0.99,
) -> np.ndarray:
    """DSRG's seeded region growing, one step.

    Seeds are uint8 (H, W), 255 no seed; ``probs`` (K + 1, H, W) are a
    segmentor's for background and the image's classes, after a CRF in DSRG.

    A pixel is a candidate of its most probable label where the probability
    exceeds the label's threshold. Candidates that hang together with a seed
    of their label (8 neighbours) become seeds; seeds of other labels stay.

    Raises:
        ValueError: If sizes differ or a value leaves [0, 1].

    Example:
        >>> seed = np.array([[5, 255, 255, 255]], np.uint8)
        >>> probs = np.array([[[0.1, 0.1, 0.9, 0.1]], [[0.9, 0.9, 0.1, 0.9]]])
        >>> grow_seeds(seed, probs, np.array([4]))
        array([[  5,   5, 255, 255]], dtype=uint8)
    """
    _check(probs[0], probs[1:], classes)
    if seed.shape != probs.shape[1:]:
        raise ValueError(
            f'`seed` must be {probs.shape[1:]} as `probs`, got {seed.shape}'
        )
    best, peak = _best_label(probs, classes), probs.max(0)
    result = seed.copy()
    for label in (BACKGROUND_LABEL, *class_to_label(np.asarray(classes))):
        threshold = bg_thr if label == BACKGROUND_LABEL else fg_thr
        own = seed == label
        open_pixels = (best == label) & (peak > threshold)
        open_pixels &= seed == IGNORE_LABEL
        _, parts = cv2.connectedComponents(
            (own | open_pixels).astype(np.uint8), connectivity=8
        )
        grown = np.isin(parts, parts[own]) & open_pixels
        result[grown] = label
    return result


def _best_label(scores: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Labels (H, W) of the best of the background's and K scores."""
    labels = np.array([BACKGROUND_LABEL, *class_to_label(np.asarray(classes))])
    return labels[scores.argmax(0)].astype(np.uint8)


def _check(saliency, cam, classes) -> tuple[np.ndarray, np.ndarray]:
    """Float64 maps of one size in [0, 1]."""
    saliency, cam = np.asarray(saliency, float), np.asarray(cam, float)
    if cam.shape != (len(classes), *saliency.shape):
        raise ValueError(
            f'maps must be ({len(classes)}, *{saliency.shape}), one a class, '
            f'got {cam.shape}'
        )
    for name, value in (('saliency', saliency), ('cam', cam)):
        if not bool(np.all((value >= 0) & (value <= 1))):
            raise ValueError(f'`{name}` must be finite and within [0, 1]')
    return saliency, cam
