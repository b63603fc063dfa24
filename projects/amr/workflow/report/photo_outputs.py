"""Outputs of the stages for one photo: its maps, doubt and score.

*Folders* are the roles of a pipeline's summary that are paths: ``images``,
``masks``, ``cams``, ``seeds``, ``boundaries``, ``labels``, ``predictions``
and ``split``, a list of image ids. Any may be missing. *Faults* are a list
that gets a line for each file that is unusable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from projects.amr.datasets.images.image_files import find_image
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.evaluation.mask_evaluation import MaskScores, mask_confusion
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
)
from projects.amr.structures.label_rules import check_mask_size
from projects.amr.structures.label_space import (
    IGNORE_LABEL,
    class_to_label,
    classes_in_mask,
)
from projects.amr.visualization.report.data import Layer
from projects.amr.visualization.report.photo_files import (
    cam_layer,
    grey_layer,
    label_layer,
)
from projects.amr.workflow.labels.doubtful_photos import (
    branch_labels,
    photo_doubt,
)

LABEL_MAPS = {
    'seeds': 'seed',
    'labels': 'pseudo label',
    'predictions': 'prediction',
    'masks': 'true mask',
}
_ROLES = (*LABEL_MAPS, 'images', 'cams', 'boundaries', 'split')

Folders = dict[str, Path]


def stage_folders(roles: dict) -> Folders:
    """Paths among a summary's ``roles``, by role; folders that are there."""
    named = {role: Path(roles[role]) for role in _ROLES if roles.get(role)}
    return {k: v for k, v in named.items() if k == 'split' or v.is_dir()}


@dataclass(frozen=True)
class Outputs:
    """Outputs of the stages for one photo; None and {} where missing."""

    image_id: str
    image: np.ndarray | None  # (H, W, 3), uint8, BGR
    record: CAMRecord | None
    boundary: np.ndarray | None  # (h, w), in [0, 1]
    maps: dict[str, np.ndarray]  # label maps (H, W) by role

    @cached_property
    def cams(self) -> dict[str, np.ndarray]:
        """CAMs by name, the one that the next stage takes first."""
        if self.record is None:
            return {}
        branches = self.record.branches
        final = 'weighted CAM' if branches else 'CAM'
        named = {f'{name} CAM': cam for name, cam in branches.items()}
        return {final: self.record.cam, **named}

    def layers(self, size, thresholds: tuple[float, ...]) -> list[Layer]:
        """Maps of one size, in the order of the stages."""
        labels = {
            role: label_layer(LABEL_MAPS[role], self.maps[role], size)
            for role in self.maps
        }
        layers = [
            cam_layer(name, cam, self.record.classes, size, thresholds)
            for name, cam in self.cams.items()
        ]
        layers += [labels.pop('seeds')] if 'seeds' in labels else []
        if self.boundary is not None:
            layers.append(grey_layer('boundary', self.boundary, size))
        return [*layers, *labels.values()]

    def classes(self) -> tuple[int, ...]:
        """Weak labels, 1..: of the record, else of the first label map."""
        if self.record is not None:
            found = np.union1d(self.record.classes, self.record.dropped)
        elif self.maps:
            first = next(r for r in ('masks', *LABEL_MAPS) if r in self.maps)
            found = classes_in_mask(self.maps[first])
        else:
            found = ()
        return tuple(class_to_label(int(index)) for index in found)

    def cam_labels(self, bg_thr: float) -> np.ndarray | None:
        """Labels (H, W) of the CAM at a background score."""
        if self.record is None:
            return None
        record = self.record
        cam, classes = map(torch.from_numpy, (record.cam, record.classes))
        return cam_to_label(cam, classes, record.size, bg_thr).numpy()

    def doubt(self, labels: np.ndarray | None, bg_thr: float) -> float | None:
        """Doubt of label maps in [0, 1], as tools/rank_doubt.py has it.

        Raises ValueError if sizes differ.
        """
        if labels is None or (
            self.record is None and 'predictions' not in self.maps
        ):
            return None
        maps = {'pseudo label': labels}
        if 'predictions' in self.maps:
            maps['segmentor'] = self.maps['predictions']
        if self.record is not None:
            maps |= branch_labels(self.record, bg_thr)
        return round(photo_doubt(maps, self.record).doubt, 4)

    def score(self, labels: np.ndarray | None) -> float | None:
        """IoU of label maps with the true mask, in percent.

        Raises ValueError if sizes differ.
        """
        if labels is None or 'masks' not in self.maps:
            return None
        check_mask_size(self.image_id, labels.shape, self.maps['masks'].shape)
        score = image_iou(labels, self.maps['masks'])
        return None if np.isnan(score) else round(score, 2)


def load_outputs(
    folders: Folders, image_id: str, faults: list[str]
) -> Outputs:
    """Load what exists of one photo."""

    def load(role: str, suffix: str, loader: Callable):
        path = folders.get(role, Path('missing')) / f'{image_id}{suffix}'
        return attempt(faults, loader, path) if role in folders else None

    image = None
    if 'images' in folders:
        image = attempt(faults, _load_image, folders['images'], image_id)
    loaded = {role: load(role, '.png', load_label_map) for role in LABEL_MAPS}
    boundary = load('boundaries', '.npz', load_boundary_map)
    return Outputs(
        image_id,
        image,
        load('cams', '.npz', CAMRecord.load),
        None if boundary is None else boundary[0],
        {role: got[0] for role, got in loaded.items() if got is not None},
    )


def image_iou(labels: np.ndarray, truth: np.ndarray) -> float:
    """Mean IoU over the labels that occur in one image, in percent.

    Both are (H, W), uint8; 255 counts as wrong in the labels and not at all in
    the truth. nan if no pixel is counted; ValueError if the shapes differ.

    Example:
        >>> truth = np.array([[0, 1, 1, 255]], np.uint8)
        >>> image_iou(np.array([[0, 1, 0, 1]], np.uint8), truth)
        50.0
    """
    values = np.union1d(labels, truth)
    count = int(values[values != IGNORE_LABEL].max(initial=0)) + 1
    names = tuple(str(label) for label in range(count))
    iou = MaskScores(names, mask_confusion(labels, truth, count), 1).iou
    return float('nan') if np.isnan(iou).all() else float(np.nanmean(iou))


def attempt(faults: list[str], load: Callable, *args) -> Any:
    """Call a loader; missing files give None, unusable ones a fault too."""
    try:
        return load(*args)
    except FileNotFoundError:
        return None
    except ValueError as error:  # every DataError is one
        faults.append(str(error))
        return None


def _load_image(folder: Path, image_id: str) -> np.ndarray:
    """Load an image as the stages do, (H, W, 3), uint8, BGR."""
    path = str(find_image(folder, image_id))
    return LoadWeakLabelImage()({'img_path': path})['img']
