"""A split of a VOC devkit folder, for tools that need no Runner."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from projects.amr.datasets.images.image_files import find_image, in_any_case
from projects.amr.datasets.images.image_ids import read_id_list
from projects.amr.datasets.images.image_size import image_size
from projects.amr.datasets.labels.class_list import folder_classes
from projects.amr.errors import DataError
from projects.amr.structures.label_rules import check_labels, check_mask_size


@dataclass(frozen=True)
class VOCFolder:
    """Where a split's images and masks are."""

    root: Path  # the folder that holds ``JPEGImages``
    ids: tuple[str, ...]  # image ids of the split, in order
    classes: tuple[str, ...]  # names by label, background first
    mask_dir: str = 'SegmentationClass'  # under ``root``

    @classmethod
    def open(
        cls,
        root: str | Path,
        split: str,
        classes=None,
        mask_dir: str = 'SegmentationClass',
    ) -> 'VOCFolder':
        """Read a split's list: a name in ``ImageSets/Segmentation`` or a .txt.

        Classes are by default those of :func:`folder_classes`. Raises
        DataError if the folder, the list or the manifest breaks a rule.
        """
        root = require_root(root)
        path = list_path(root, split)
        names = tuple(classes or folder_classes(root))
        return cls(root, tuple(read_id_list(path)), names, mask_dir)

    def image_path(self, image_id: str) -> Path:
        """Path of an image, see :func:`find_image`."""
        return find_image(self.root / 'JPEGImages', image_id)

    def mask_path(self, image_id: str) -> Path:
        """Path of an image's mask, which need not exist."""
        return in_any_case(self.root / self.mask_dir / f'{image_id}.png')

    def check_labels(
        self, where: str | Path, image_id: str, labels: np.ndarray, **rules
    ) -> None:
        """Refuse labels (H, W) of another size than their image's.

        And those beyond the class list, see :func:`check_labels` for
        ``rules``. Raises DataError.
        """
        size = image_size(self.image_path(image_id))
        check_mask_size(where, labels.shape, size)
        check_labels(where, labels, len(self.classes), **rules)


def require_root(root: str | Path) -> Path:
    """The devkit folder as a path; DataError if there is none."""
    root = Path(root)
    if not root.is_dir():
        raise DataError(
            f'data root not found: {root}. It is the folder that holds '
            'JPEGImages and ImageSets'
        )
    return root


def list_path(root: Path, name: str) -> Path:
    """Path of a list: a ``.txt`` as it is, else a name of VOC's folder."""
    if Path(name).suffix.lower() == '.txt':
        return Path(name)
    return root / 'ImageSets' / 'Segmentation' / f'{name}.txt'
