"""Which photos to correct first, with pictures."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_files import in_any_case
from projects.amr.datasets.transforms import LoadWeakLabelImage
from projects.amr.errors import UserError
from projects.amr.evaluation.doubt import disagreement, missing_labels
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import CAMRecord, load_label_map
from projects.amr.structures.label_rules import check_mask_size
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.cam_strip import picture_strip
from projects.amr.visualization.sample_picture import overlay_labels
from projects.amr.workflow.labels.mask_tools import require_inputs

BRANCHES = ('spotlight', 'compensation')


@dataclass
class PhotoDoubt:
    """Doubts of one photo, each in [0, 1]."""

    # Disagreement of the CAM branches; None without records of two branches.
    branches: float | None = None
    # That of pseudo label and segmentor; None without predictions.
    segmentor: float | None = None
    # Share of the weak labels that the pseudo label lacks; None without CAM
    # records, which hold the labels.
    missing: float | None = None

    @property
    def doubt(self) -> float:
        """Mean disagreement, plus the share of missing labels, at most 1."""
        pairs = [x for x in (self.branches, self.segmentor) if x is not None]
        mean = float(np.mean(pairs)) if pairs else 0.0
        return min(mean + (self.missing or 0.0), 1.0)


def branch_labels(record: CAMRecord, bg_thr: float) -> dict[str, np.ndarray]:
    """Label maps (H, W) of a record's branches at a background score."""
    classes = torch.from_numpy(record.classes)
    return {
        name: cam_to_label(
            torch.from_numpy(cam), classes, record.size, bg_thr
        ).numpy()
        for name, cam in record.branches.items()
    }


def photo_doubt(
    maps: dict[str, np.ndarray], record: CAMRecord | None = None
) -> PhotoDoubt:
    """Doubts of a photo.

    ``maps`` are its label maps (H, W): ``pseudo label`` and, where known,
    ``segmentor`` and both of ``BRANCHES``; ``record`` holds the weak labels.
    Raises ValueError if sizes differ.
    """
    found = PhotoDoubt()
    labels = maps['pseudo label']
    if 'segmentor' in maps:
        found.segmentor = disagreement(labels, maps['segmentor'])
    if record is not None:
        classes = [*record.classes, *record.dropped]
        found.missing = missing_labels(labels, classes)
    if all(name in maps for name in BRANCHES):
        found.branches = disagreement(*(maps[name] for name in BRANCHES))
    return found


@dataclass
class DoubtSources:
    """Folders that a photo's doubt is made from.

    Raises UserError if a folder is missing, there is neither predictions nor
    CAM records, or the background score is out of range.
    """

    folder: VOCFolder  # images
    pseudo_dir: Path  # pseudo labels
    pred_dir: Path | None = None  # the segmentor's label maps
    cam_dir: Path | None = None  # CAM records
    bg_thr: float = 0.2  # background score of the CAMs' labels, in [0, 1]

    def __post_init__(self):
        every = (self.pseudo_dir, self.pred_dir, self.cam_dir)
        given = [path for path in every if path is not None]
        if len(given) < 2:
            raise UserError(
                'give --pred-dir, --cam-dir or both: pseudo labels alone '
                'show no doubt'
            )
        if not 0 <= self.bg_thr <= 1:
            raise UserError(f'--bg-thr must be in [0, 1], got {self.bg_thr}')
        require_inputs(given)

    def doubt(self, image_id: str) -> PhotoDoubt:
        """Doubts of a photo; DataError as of :meth:`label_maps`."""
        return photo_doubt(*self.label_maps(image_id))

    def label_maps(
        self, image_id: str
    ) -> tuple[dict[str, np.ndarray], CAMRecord | None]:
        """Label maps (H, W) of a photo, by where they come from; its record.

        Raises DataError if a file is missing or damaged, or of another size.
        """
        maps = {'pseudo label': _load(self.pseudo_dir, image_id)}
        size, record = maps['pseudo label'].shape, None
        if self.pred_dir is not None:
            found = maps['segmentor'] = _load(self.pred_dir, image_id)
            check_mask_size(self.pred_dir / image_id, found.shape, size)
        if self.cam_dir is not None:
            path = self.cam_dir / f'{image_id}.npz'
            record = CAMRecord.load(path)
            check_mask_size(path, record.size, size)
            maps |= branch_labels(record, self.bg_thr)
        return maps, record

    def picture(self, image_id: str) -> bytes:
        """JPEG of the photo beside its label maps."""
        path = str(self.folder.image_path(image_id))
        image = LoadWeakLabelImage()({'img_path': path})['img']
        palette = voc_palette(len(self.folder.classes))
        panels = [('photo', image)]
        for name, labels in self.label_maps(image_id)[0].items():
            check_mask_size(name, labels.shape, image.shape[:2])
            panels.append(
                (name, overlay_labels(image, labels.astype(np.uint8), palette))
            )
        return cv2.imencode('.jpg', picture_strip(panels))[1].tobytes()


def _load(folder: Path, image_id: str) -> np.ndarray:
    return load_label_map(in_any_case(folder / f'{image_id}.png'))[0]
