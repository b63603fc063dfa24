"""One label map of a test loop, apart from the network's prediction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from projects.amr.errors import DataError
from projects.amr.evaluation.mask_evaluation import mask_confusion
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.structures import (
    LabelMapError,
    load_label_map,
    save_label_map,
)


@dataclass
class WrittenLabels:
    """What became of a label map.

    Args:
        labels (np.ndarray): What is on disk, uint8, shape (H, W).
        made (bool): False where an earlier run had made it.
        confusion (np.ndarray, optional): With the mask, see
            ``mask_confusion``; None without a mask.
    """

    labels: np.ndarray
    made: bool
    confusion: np.ndarray | None


@dataclass
class LabelTask:
    """Makes, writes and scores one label map, in any thread.

    It holds arrays only, so that the prediction's tensors are free.

    Args:
        img_id (str): Name of the item.
        img_path (str): Image file, which is part of the key.
        path (Path): Target.
        make (Callable): Gives the labels, uint8, (H, W); it is not called
            where an item of the same key is finished.
        run_key (str): Key of the run.
        num_classes (int): Labels of the confusion.
        truth (np.ndarray, optional): Mask (H, W). Defaults to None.
        input_parts (dict): Further parts of the item's key. Defaults to {}.
    """

    img_id: str
    img_path: str
    path: Path
    make: Callable[[], np.ndarray]
    run_key: str
    num_classes: int
    truth: np.ndarray | None = None
    input_parts: dict = field(default_factory=dict)

    def __call__(self) -> WrittenLabels:
        """Do the work.

        Raises:
            DataError: If the mask does not fit.
            UserError: If the labels cannot be made or written.
        """
        key = self._key()
        labels = self._finished(key)
        made = labels is None
        if made:
            labels = self.make()
            save_label_map(self.path, labels, key=key)
        return WrittenLabels(labels, made, self._confusion(labels))

    def _key(self) -> str:
        """Key of the item: the run's, its image's and its CAM record's."""
        image = file_digest(self.img_path)
        return config_digest(
            {'run': self.run_key, 'image': image, **self.input_parts}
        )

    def _finished(self, key: str) -> np.ndarray | None:
        """Labels of an item made under the same key, if there is one."""
        try:
            labels, found = load_label_map(self.path)
        except (FileNotFoundError, LabelMapError):
            return None
        return labels if found == key else None

    def _confusion(self, labels: np.ndarray) -> np.ndarray | None:
        """Count the pixels, where there is a mask."""
        if self.truth is None:
            return None
        try:
            return mask_confusion(labels, self.truth, self.num_classes)
        except ValueError as error:
            raise DataError(f'{self.img_id}: {error}') from None


def record_parts(sample) -> dict:
    """Parts of a label map's key that come from its CAM record.

    Args:
        sample (SegDataSample): With ``cam_input``, or without.

    Returns:
        dict: Key and classes of the record, digest of its CAM; empty
        without one.
    """
    if 'cam_input' not in sample:
        return {}
    record = sample.cam_input
    cam = np.ascontiguousarray(record.cam.cpu().numpy())
    return {
        'record': record.get('key', ''),
        'classes': list(record.classes),
        'cam': hashlib.sha256(cam.tobytes()).hexdigest(),
    }
