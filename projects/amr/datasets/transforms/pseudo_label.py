"""CAM records and boundary maps into seeds and pseudo labels.

They are loaded and used at the image's own size, so these transforms come
right after the image is loaded, before any resizing, flipping or cropping.

Shape legend: K labelled classes of the image, (h, w) a stored map's size,
(H, W) the image's.
"""

from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.transforms.pack_weak_label import (
    PackWeakLabelInputs,
)
from projects.amr.errors import DataError
from projects.amr.ops.cam import cam_to_label, resize_cam
from projects.amr.ops.label_crf import refine_class_labels
from projects.amr.ops.pseudo_label import walk_to_scores
from projects.amr.ops.seeds import SEED_RECIPES
from projects.amr.structures import CAMRecord, load_boundary_map


@TRANSFORMS.register_module()
class LoadCAMRecord(BaseTransform):
    """Load the CAMs that an earlier stage made of an image.

    Required Keys:

    - img_id (str)
    - img_label (np.ndarray, (number of classes,), optional)
    - img_shape (tuple[int, int], optional)

    Added Keys:

    - cam (np.ndarray, float32, (K, h, w)), in [0, 1]
    - cam_classes (np.ndarray, int64, (K,)), foreground class indices
    - cam_size (tuple[int, int]): (H, W)
    - cam_key (str): what the record was made from

    Args:
        cam_dir (str): Folder of the records, named ``<img_id>.npz``.
        branch (str, optional): A branch's map in place of the final one.
            Defaults to None.

    Raises:
        DataError: If the record is missing, damaged, without that branch,
            of another image size, or of classes that the image's weak label
            does not have.
    """

    def __init__(self, cam_dir: str, branch: str | None = None):
        self.cam_dir = Path(cam_dir)
        self.branch = branch

    def transform(self, results: dict) -> dict:
        """Load ``<cam_dir>/<img_id>.npz``."""
        path = self.cam_dir / f'{results["img_id"]}.npz'
        try:
            record = CAMRecord.load(path)
        except FileNotFoundError as error:
            raise DataError(str(error)) from None
        cam = record.cam
        if self.branch is not None:
            if self.branch not in record.branches:
                raise DataError(
                    f'{path} has no branch {self.branch!r}, it has '
                    f'{sorted(record.branches)}'
                )
            cam = record.branches[self.branch]
        self._check(path, record, results)
        results['cam'] = cam
        results['cam_classes'] = record.classes
        results['cam_size'] = record.size
        results['cam_key'] = record.key
        return results

    @staticmethod
    def _check(path: Path, record: CAMRecord, results: dict) -> None:
        """Refuse a record of another image or class list."""
        remedy = 'make the records again with tools/test.py'
        shape = tuple(results.get('img_shape', record.size))
        if shape != record.size:
            raise DataError(
                f'{path} was made of an image of size {record.size}, the '
                f'image has {shape}: {remedy}, and load them before any '
                'resizing or cropping'
            )
        if 'img_label' not in results:
            return
        label = results['img_label']
        foreign = [
            int(k) for k in record.classes if k >= len(label) or not label[k]
        ]
        if foreign:
            raise DataError(
                f'{path} has maps of class indices {foreign}, which the '
                f"image's weak label (of {len(label)} classes) does not "
                f'have: {remedy}, with the same classes and label source'
            )


@TRANSFORMS.register_module()
class LoadBoundaryMap(BaseTransform):
    """Load the class boundaries that an affinity network found.

    Required Keys:

    - img_id (str)

    Added Keys:

    - boundary (np.ndarray, float32, (h, w)), in [0, 1]
    - boundary_key (str): what the map was made from

    Args:
        boundary_dir (str): Folder of the maps, named ``<img_id>.npz``.

    Raises:
        DataError: If the map is missing or damaged.
    """

    def __init__(self, boundary_dir: str):
        self.boundary_dir = Path(boundary_dir)

    def transform(self, results: dict) -> dict:
        """Load ``<boundary_dir>/<img_id>.npz``."""
        path = self.boundary_dir / f'{results["img_id"]}.npz'
        try:
            boundary, key = load_boundary_map(path)
        except FileNotFoundError as error:
            raise DataError(str(error)) from None
        results['boundary'] = boundary
        results['boundary_key'] = key
        return results


@TRANSFORMS.register_module()
class GenerateSeed(BaseTransform):
    """Make the seed map from which an affinity network learns.

    Required Keys:

    - img (np.ndarray, uint8, (H, W, 3), BGR)
    - cam, cam_classes, cam_size: see :class:`LoadCAMRecord`

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)): 0 background, 1.. classes, 255
      not confident; a loaded mask is replaced
    - seg_fields (list[str]), with ``gt_seg_map``

    Args:
        recipe (str): ``'irn'``: :func:`confident_seed`; ``'affinitynet'``:
            :func:`affinity_seed`. Defaults to 'irn'.
        **params: Further arguments of the recipe.

    Raises:
        ValueError: If the recipe or a parameter breaks its rule.
        TypeError: If the recipe has no such parameter.
    """

    def __init__(self, recipe: str = 'irn', **params):
        if recipe not in SEED_RECIPES:
            raise ValueError(
                f'`recipe` must be one of {tuple(SEED_RECIPES)}, got '
                f'{recipe!r}'
            )
        self.recipe = recipe
        self.params = params
        # The recipe checks its parameters, on one pixel.
        self._make(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 1)), [0])

    def _make(self, image, cam, classes) -> np.ndarray:
        """Apply the recipe."""
        return SEED_RECIPES[self.recipe](image, cam, classes, **self.params)

    def transform(self, results: dict) -> dict:
        """Make ``gt_seg_map``."""
        size = _check_untouched(results)
        cam = resize_cam(torch.from_numpy(results['cam']), size).numpy()
        seed = self._make(_rgb(results), cam, results['cam_classes'])
        return _with_labels(results, seed)


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
        normalize (str | None): ``'global'``, ``'class'`` or None, see
            ``walk_to_scores``. Defaults to 'global'.
        solver (str): See ``random_walk``. Defaults to 'auto'.
        crf (str | None): ``'dense'``, ``'local'`` or None. Defaults to None.
        crf_params (dict, optional): ``kernels``, ``gt_prob`` and
            ``num_iters`` of ``refine_class_labels``. Defaults to its own.

    Raises:
        ValueError: If an argument breaks its rule.
    """

    def __init__(
        self,
        radius: int = 5,
        beta: float = 10.0,
        exp_times: int = 8,
        cam_power: float = 1.0,
        bg_thr: float = 0.25,
        normalize: str | None = 'global',
        solver: str = 'auto',
        crf: str | None = None,
        crf_params: dict | None = None,
    ):
        if not 0 <= bg_thr <= 1:
            raise ValueError(f'`bg_thr` must be within [0, 1], got {bg_thr}')
        self.bg_thr = bg_thr
        self.crf = crf
        self.crf_params = crf_params or {}
        self.walk = {
            'radius': radius,
            'beta': beta,
            'exp_times': exp_times,
            'cam_power': cam_power,
            'normalize': normalize,
            'solver': solver,
        }
        # Both check their arguments, on one pixel.
        one = torch.ones(1, 1, 1)
        walk_to_scores(one, one[0], (1, 1), **self.walk)
        self._refine(np.zeros((1, 1, 3), np.uint8), np.ones((1, 1)), [0])

    def _refine(self, image, labels, classes) -> np.ndarray:
        """Apply the CRF."""
        return refine_class_labels(
            image, labels, self.crf, classes, **self.crf_params
        )

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
        labels = cam_to_label(
            scores, torch.from_numpy(classes), size, self.bg_thr
        )
        labels = labels.numpy().astype(np.uint8)
        if self.crf is not None:
            labels = self._refine(_rgb(results), labels, classes)
        return _with_labels(results, labels)


@TRANSFORMS.register_module()
class PackAffinityInputs(PackWeakLabelInputs):
    """Pack a sample with the CAMs that an affinity network is to spread.

    Required Keys:

    - those of :class:`PackWeakLabelInputs`
    - cam, cam_classes, cam_size, cam_key: see :class:`LoadCAMRecord`

    Added Keys:

    - inputs (Tensor, (3, H, W))
    - data_samples (SegDataSample), as :class:`PackWeakLabelInputs` packs it,
      with ``cam_input``: PixelData of ``cam`` (Tensor, float32, (K, h, w))
      and the metainfo ``classes`` (list[int]), ``size`` (H, W) and ``key``

    Args:
        meta_keys (Sequence[str]): See :class:`PackWeakLabelInputs`.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        packed = super().transform(results)
        packed['data_samples'].cam_input = PixelData(
            cam=torch.from_numpy(results['cam']),
            metainfo={
                'classes': results['cam_classes'].tolist(),
                'size': tuple(results['cam_size']),
                'key': results['cam_key'],
            },
        )
        return packed


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


def _rgb(results: dict) -> np.ndarray:
    """RGB image; the loaders give BGR."""
    return np.ascontiguousarray(results['img'][..., ::-1])


def _with_labels(results: dict, labels: np.ndarray) -> dict:
    """Put a label map where masks are."""
    results['gt_seg_map'] = labels
    fields = results.setdefault('seg_fields', [])
    if 'gt_seg_map' not in fields:
        fields.append('gt_seg_map')
    return results
