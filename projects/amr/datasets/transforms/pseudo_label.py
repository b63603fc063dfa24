"""CAMs and boundary maps into seeds and pseudo labels.

Both are used at the image's own size, so these transforms and the loaders of
``stage_outputs.py`` come right after the image is loaded, before any
resizing, flipping or cropping.

Shape legend: K labelled classes of the image, (h, w) a stored map's size,
(H, W) the image's.
"""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.transforms.loading import put_labels
from projects.amr.ops.cam import cam_to_label, resize_cam
from projects.amr.ops.checks import require
from projects.amr.ops.label_crf import check_crf, refine_class_labels
from projects.amr.ops.pseudo_label import (
    check_scores_settings,
    walk_to_scores,
)
from projects.amr.ops.saliency import (
    SALIENCY_RECIPES,
    check_saliency_params,
    ignore_salient_background,
    mask_non_salient,
)
from projects.amr.ops.seeds import SEED_RECIPES, check_seed_params
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
)


@TRANSFORMS.register_module()
class GenerateSeed(BaseTransform):
    """Make the seed map from which an affinity network learns.

    Where a labelled class has no usable map, no pixel is surely background:
    its object may be anywhere. (Released code: its map is 0 everywhere, and
    the whole image, but for other classes, becomes background.)

    Required Keys:

    - img (np.ndarray, uint8, (H, W, 3), BGR)
    - cam, cam_classes, cam_size, cam_dropped: see :class:`LoadCAMRecord`
    - saliency: see :class:`LoadSaliency`; optional for recipes without
      saliency, whose salient background becomes 255

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      not confident; a loaded mask is replaced
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        recipe (str): ``'irn'``: :func:`confident_seed`; ``'affinitynet'``:
            :func:`affinity_seed`; ``'rrm'``: :func:`reliable_seed`;
            with saliency, ``'oaa'`` and ``'drs'``: :func:`oaa_labels` and
            :func:`drs_labels`; ``'nsrom'``: OAA's with NSROM's
            :func:`potential_objects`. Defaults to 'irn'.
        **params: Further arguments of the recipe.

    Raises:
        ValueError: If the recipe or a parameter breaks its rule.
        TypeError: If the recipe has no such parameter.
    """

    def __init__(self, recipe: str = 'irn', **params):
        self.salient = recipe in SALIENCY_RECIPES
        if self.salient:
            check_saliency_params(recipe, params)
        else:
            check_seed_params(recipe, params)
        self.recipe = {**SEED_RECIPES, **SALIENCY_RECIPES}[recipe]
        self.params = params

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        size = _check_untouched(results)
        cam = resize_cam(torch.from_numpy(results['cam']), size).numpy()
        cue = _saliency(results) if self.salient else _rgb(results)
        seed = self.recipe(cue, cam, results['cam_classes'], **self.params)
        if 'saliency' in results and not self.salient:
            seed = ignore_salient_background(seed, results['saliency'])
        if len(results['cam_dropped']):
            seed[seed == BACKGROUND_LABEL] = IGNORE_LABEL
        return put_labels(results, seed)


@TRANSFORMS.register_module()
class RandomWalkPseudoLabel(BaseTransform):
    """Make the pseudo label from CAMs walked over boundaries.

    :func:`~projects.amr.ops.pseudo_label.walk_to_scores`, the best class
    where its score is greater than the background threshold, and
    :func:`~projects.amr.ops.label_crf.refine_class_labels` if wanted. Only
    labelled classes can occur.

    Required Keys:

    - cam, cam_classes, cam_size: see :class:`LoadCAMRecord`
    - boundary: see :class:`LoadBoundaryMap`
    - img (np.ndarray, uint8, (H, W, 3), BGR), with a CRF
    - saliency: see :class:`LoadSaliency`, with a ``saliency_rule``

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes; a
      loaded mask is replaced
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        radius (int): See ``random_walk``. Defaults to 5.
        beta (float): See ``random_walk``. Defaults to 10.0.
        exp_times (int): See ``random_walk``. Defaults to 8.
        cam_power (float): Exponent of the CAMs before the walk; AdvCAM and
            AMR's release take 1.5. Defaults to 1.0.
        bg_thr (float): Background score in [0, 1]. Defaults to 0.25.
        solver (str): See ``random_walk``. Defaults to 'auto'.
        crf (str | None): Entry of ``CRF_KINDS``. Defaults to None.
        crf_params (dict, optional): ``kernels``, ``gt_prob`` and
            ``num_iters`` of ``refine_class_labels``. Defaults to its own.
        enlarge_by (int, optional): See ``walk_to_scores``; IRNet's release
            takes 4. Defaults to None.
        saliency_rule (str, optional): ``'oaa'``, ``'drs'`` or ``'nsrom'``,
            see :class:`GenerateSeed`: of the walked scores, instead of the
            threshold, and no CRF follows. Defaults to None.
    """

    def __init__(
        self,
        radius: int = 5,
        beta: float = 10.0,
        exp_times: int = 8,
        cam_power: float = 1.0,
        bg_thr: float = 0.25,
        solver: str = 'auto',
        crf: str | None = None,
        crf_params: dict | None = None,
        enlarge_by: int | None = None,
        saliency_rule: str | None = None,
    ):
        require(
            saliency_rule is None
            or (saliency_rule in SALIENCY_RECIPES and crf is None),
            *('saliency_rule', saliency_rule),
            f'None or, without a CRF, one of {list(SALIENCY_RECIPES)}',
        )
        require(0 <= bg_thr <= 1, 'bg_thr', bg_thr, 'within [0, 1]')
        self.saliency_rule = saliency_rule
        self.bg_thr = bg_thr
        self.crf = crf
        self.crf_params = crf_params or {}
        self.walk = {
            'radius': radius,
            'beta': beta,
            'exp_times': exp_times,
            'cam_power': cam_power,
            'solver': solver,
            'enlarge_by': enlarge_by,
        }
        check_scores_settings(**self.walk)
        check_crf(crf, **self.crf_params)

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        size = _check_untouched(results)
        scores = walk_to_scores(
            torch.from_numpy(results['cam']),
            torch.from_numpy(results['boundary']),
            size,
            **self.walk,
        )
        classes = results['cam_classes']
        if self.saliency_rule is not None:
            rule = SALIENCY_RECIPES[self.saliency_rule]
            labels = rule(_saliency(results), scores.numpy(), classes)
            return put_labels(results, labels)
        labels = cam_to_label(
            scores, torch.from_numpy(classes), size, self.bg_thr
        )
        labels = labels.numpy().astype(np.uint8)
        if self.crf is not None:
            labels = refine_class_labels(
                _rgb(results), labels, self.crf, classes, **self.crf_params
            )
        return put_labels(results, labels)


@TRANSFORMS.register_module()
class MaskNonSalient(BaseTransform):
    """Make labels of a second round by NSROM's non-salient region masking.

    See :func:`~projects.amr.ops.saliency.mask_non_salient`.

    Required Keys:

    - labels, prediction (np.ndarray, uint8, (H, W)): labels of the first
      round and its segmentor's, see :class:`LoadLabels`
    - saliency: see :class:`LoadSaliency`
    - img_label (np.ndarray, (number of classes,)): the weak label

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      ignored
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        salient_thr (float): In [0, 1]. Defaults to 32 / 255 (a guess).
        width (int): Side of the dilating square, in pixels, at least 1.
            Defaults to 30.
    """

    def __init__(self, salient_thr: float = 32 / 255, width: int = 30):
        require(0 <= salient_thr <= 1, 'salient_thr', salient_thr, 'in [0, 1]')
        require(width >= 1, 'width', width, 'at least 1')
        self.params = {'salient_thr': salient_thr, 'width': width}

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        labels = mask_non_salient(
            *(results['labels'], results['prediction'], _saliency(results)),
            int(results['img_label'].sum()),
            **self.params,
        )
        return put_labels(results, labels)


def _check_untouched(results: dict) -> tuple[int, int]:
    """Image size, after checking that the image still is as the CAMs are."""
    size = tuple(results['cam_size'])
    image = results.get('img')
    shape = size if image is None else image.shape[:2]
    if shape != size or results.get('flip'):
        raise ValueError(
            'labels are made from CAMs before the image is resized, flipped '
            f'or cropped, got an image of {shape}, flip '
            f'{results.get("flip", False)}, and CAMs of {size}: move this '
            'transform up in the pipeline'
        )
    return size


def _saliency(results: dict) -> np.ndarray:
    """Saliency map, or an error that says how to load it."""
    if 'saliency' not in results:
        raise ValueError(
            'this rule needs `saliency`: put LoadSaliency before it'
        )
    return results['saliency']


def _rgb(results: dict) -> np.ndarray:
    """RGB image; the loaders give BGR."""
    return np.ascontiguousarray(results['img'][..., ::-1])
