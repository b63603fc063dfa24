"""Seeds: the confident pixels of CAMs, from which an affinity is learnt.

A seed map holds segmentation labels: 0 background, class ``k`` as ``k + 1``,
255 not confident. One recipe a paper:

- IRNet (arXiv:1904.05044), its release, and AMR's: two constant thresholds,
  each label map cleaned by a label-CRF (:func:`confident_seed`);
- AffinityNet (arXiv:1803.10464): two background scores
  ``(1 - max) ** alpha``, each with the CAMs in a CRF
  (:func:`affinity_seed`);
- RRM (arXiv:1911.08039): the pixels of which those CRFs are sure
  (:func:`reliable_seed`).

Shape legend: K labelled classes of the image, (H, W) size of the image.
"""

import inspect

import numpy as np
import torch

from projects.amr.ops.cam import resize_cam
from projects.amr.ops.checks import require
from projects.amr.ops.dense_crf import unary_from_softmax
from projects.amr.ops.label_crf import LabelCRF, check_crf
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
    class_to_label,
)


def confident_seed(
    image: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    fg_thr: float = 0.60,
    bg_thr: float = 0.33,
    gt_prob: float = 0.7,
    num_iters: int = 10,
    crf: str | None = 'dense',
    kernels: str = 'irn',
) -> np.ndarray:
    """IRNet's seeds, with the thresholds of AMR's release.

    The best class of a pixel wins against a constant where its score is
    greater; with ``fg_thr`` this gives one label map, with ``bg_thr``
    another, and the CRF cleans both. Then a pixel is

    - of the first map's class, where that is not background;
    - background, where both maps say so;
    - else ignored. (Where both maps name a class, the first one's counts.)

    An image without labelled classes is background everywhere.

    With ``crf='par'`` the softmax of the maps and of a constant background
    is refined, once for each threshold, as AFA (arXiv:2203.02664) does, with
    0.55 and 0.35; the label maps and ``gt_prob`` take no part.

    Args:
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        cam (np.ndarray): Scores in [0, 1], shape (K, H, W).
        classes (np.ndarray): Foreground class indices, shape (K,).
        fg_thr (float): In [0, 1], at least ``bg_thr``; IRNet itself takes
            0.30, AdvCAM 0.35. Defaults to 0.60.
        bg_thr (float): In [0, 1]; IRNet itself takes 0.05, AdvCAM 0.15.
            Defaults to 0.33.
        gt_prob (float): Probability the CRF gives a label of being right.
            Defaults to 0.7.
        num_iters (int): Mean-field iterations. Defaults to 10.
        crf (str | None): See :class:`~projects.amr.ops.label_crf.LabelCRF`.
            Defaults to 'dense'.
        kernels (str): Entry of ``CRF_KERNELS``. Defaults to 'irn'.

    Returns:
        np.ndarray: Seeds, uint8, shape (H, W).

    Example:
        >>> cam = np.array([[[0.2, 0.5, 0.9]]])
        >>> image = np.zeros((1, 3, 3), np.uint8)
        >>> confident_seed(image, cam, np.array([4]), crf=None)
        array([[  0, 255,   5]], dtype=uint8)
    """
    _check_thresholds(fg_thr, bg_thr)
    cam, labels = _check_maps(image, cam, classes)
    if not len(cam):
        return np.full(image.shape[:2], BACKGROUND_LABEL, np.uint8)
    cleaner = LabelCRF(image, crf, kernels=kernels, num_iters=num_iters)
    # Both maps in one call: the lattice is built once.
    both = (np.full_like(cam[:1], thr) for thr in (fg_thr, bg_thr))
    scores = _against(cam, *both)
    if crf == 'par':
        confident, possible = cleaner.infer(-scores)
    else:
        best = scores.argmax(1)  # of equal ones the background
        confident, possible = cleaner.refine(best, len(labels), gt_prob)
    # The confident map first: it wins where both name a class.
    seed = np.where(confident > 0, labels[confident], IGNORE_LABEL)
    seed[(confident == 0) & (possible == 0)] = BACKGROUND_LABEL
    return seed.astype(np.uint8)


def affinity_seed(
    image: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    alpha_low: float = 4.0,
    alpha_high: float = 32.0,
    num_iters: int = 10,
    crf: str | None = 'dense',
    kernels: str = 'affinitynet',
) -> np.ndarray:
    """AffinityNet's seeds.

    Arguments are those of :func:`confident_seed`, but for the exponents:
    ``alpha_low``, positive, and ``alpha_high``, at least as large (24 in the
    conference version).

    The background's score is ``(1 - max over classes) ** alpha``: the
    smaller alpha, the higher. So a class that wins against ``alpha_low`` is
    confident, and so is a background that wins against ``alpha_high``. Each
    set of scores is the unary of a CRF. Then a pixel is

    - background, where the map of ``alpha_high`` says so;
    - else of the class in the map of ``alpha_low``, where it names one;
    - else ignored.

    Without a CRF a pixel cannot be background for ``alpha_high`` and a class
    for ``alpha_low``; with one it can, and is background, as released. An
    image without labelled classes is background everywhere.

    Released code: keeps the CRF's scores, and averages them over 8 x 8 pixels
    before the largest is taken.
    Here: the largest at the image's size; training takes every eighth pixel.
    """
    _check_alphas(alpha_low, alpha_high)
    cam, labels = _check_maps(image, cam, classes)
    if not len(cam):
        return np.full(image.shape[:2], BACKGROUND_LABEL, np.uint8)
    cleaner = LabelCRF(image, crf, kernels=kernels, num_iters=num_iters)
    rest = 1 - cam.max(0, keepdims=True)
    scores = _against(cam, rest**alpha_low, rest**alpha_high)
    low, high = cleaner.infer(unary_from_softmax(scores))
    seed = np.where(low > 0, labels[low], IGNORE_LABEL)
    # Last, so that the background wins where a CRF makes the maps disagree.
    seed[high == 0] = BACKGROUND_LABEL
    return seed.astype(np.uint8)


def reliable_seed(
    image: np.ndarray,
    cam: np.ndarray,
    classes: np.ndarray,
    *,
    alpha_low: float = 4.0,
    alpha_high: float = 32.0,
    prob_thr: float = 0.8,
    top_share: float = 0.4,
    min_score: float = 0.1,
    num_iters: int = 10,
    crf: str | None = 'dense',
    kernels: str = 'affinitynet',
) -> np.ndarray:
    """RRM's reliable regions (arXiv:1911.08039).

    Arguments are those of :func:`affinity_seed`, and shares and scores in
    [0, 1]; the kernels are a guess.

    Scores and CRFs are those of :func:`affinity_seed`. A pixel is

    - of its best class, where the CRF of ``alpha_low`` gives that class more
      than ``prob_thr`` and its map is among the upper ``top_share`` of the
      map's values above ``min_score``;
    - background, where the CRF of ``alpha_high`` and the score before it
      both exceed ``prob_thr``;
    - else ignored.

    Released code: fails where no value of a class exceeds ``min_score``.
    Here: that class has no reliable pixel.
    """
    _check_alphas(alpha_low, alpha_high)
    require(0 < top_share <= 1, 'top_share', top_share, 'in (0, 1]')
    cam, labels = _check_maps(image, cam, classes)
    if not len(cam):
        return np.full(image.shape[:2], BACKGROUND_LABEL, np.uint8)
    cleaner = LabelCRF(image, crf, kernels=kernels, num_iters=num_iters)
    rest = 1 - cam.max(0, keepdims=True)
    scores = _against(cam, rest**alpha_low, rest**alpha_high)
    probs = cleaner.marginals(unary_from_softmax(scores))
    low, high = resize_cam(torch.from_numpy(probs), cam.shape[1:]).numpy()
    seed = np.full(cam.shape[1:], IGNORE_LABEL, np.uint8)
    background = (high[0] > prob_thr) & (scores[1][0] > prob_thr)
    seed[background] = BACKGROUND_LABEL
    best = cam.argmax(0)
    for k, own in enumerate(cam):
        found = own[own > min_score]
        if len(found):
            top = own >= np.quantile(found, 1 - top_share)
            seed[(best == k) & (low[k + 1] > prob_thr) & top] = labels[k + 1]
    return seed


SEED_RECIPES = {
    'irn': confident_seed,
    'affinitynet': affinity_seed,
    'rrm': reliable_seed,
}


def _against(cam: np.ndarray, *backgrounds: np.ndarray) -> np.ndarray:
    """Scores (B, K + 1, H, W): maps behind each background (1, H, W)."""
    return np.stack([np.concatenate([rest, cam]) for rest in backgrounds])


def check_seed_params(recipe: str, params: dict) -> None:
    """Refuse parameters of a recipe without running it."""
    rule = f'one of {tuple(SEED_RECIPES)}'
    require(recipe in SEED_RECIPES, 'recipe', recipe, rule)
    call = inspect.signature(SEED_RECIPES[recipe]).bind(*[None] * 3, **params)
    call.apply_defaults()
    values = dict(call.kwargs)
    if recipe == 'irn':
        _check_thresholds(values.pop('fg_thr'), values.pop('bg_thr'))
    else:
        _check_alphas(values.pop('alpha_low'), values.pop('alpha_high'))
    for name in ('prob_thr', 'top_share', 'min_score'):
        share = values.pop(name, 0)
        require(0 <= share <= 1, name, share, 'within [0, 1]')
    check_crf(**values)


def _check_thresholds(fg_thr: float, bg_thr: float) -> None:
    rule = f'within [0, 1] and at least bg_thr {bg_thr}'
    require(0 <= bg_thr <= fg_thr <= 1, 'fg_thr', fg_thr, rule)


def _check_alphas(alpha_low: float, alpha_high: float) -> None:
    rule = f'positive and at most alpha_high {alpha_high}'
    require(0 < alpha_low <= alpha_high, 'alpha_low', alpha_low, rule)


def _check_maps(
    image: np.ndarray, cam: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 maps and the labels (K + 1,) they stand for."""
    cam = np.asarray(cam, np.float32)
    classes = np.asarray(classes, np.int64)
    shape = (len(classes), *image.shape[:2])
    rule = f"{shape}, one map of the image's size a class"
    require(cam.shape == shape, 'cam', cam.shape, rule)
    # One comparison that NaN fails as well.
    if not bool(np.all((cam >= 0) & (cam <= 1))):
        raise ValueError('`cam` must be finite and within [0, 1]')
    labels = np.array([BACKGROUND_LABEL, *class_to_label(classes)])
    return cam, labels
