"""One label map of a test loop, apart from the network's prediction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from projects.amr.errors import DataError
from projects.amr.evaluation.mask_evaluation import mask_confusion
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.structures import (
    finished_label_map,
    save_label_map,
)


@dataclass
class LabelTask:
    """Makes, writes and scores one label map, in any thread.

    It holds arrays only, so that the prediction's tensors are free.
    """

    path: Path  # target
    # Gives the labels, uint8, (H, W); it is not called where an item of the
    # same key is finished.
    make: Callable[[], np.ndarray]
    img_path: str  # image file, which is part of the key
    key_parts: dict  # further parts of the key
    truth: np.ndarray | None  # mask (H, W)
    num_classes: int  # labels of the confusion

    def __call__(self) -> tuple[np.ndarray, bool, np.ndarray | None]:
        """Labels on disk, (H, W), whether they are new, and the confusion.

        Without a mask the confusion is None. Raises DataError if the mask does
        not fit, UserError if the labels cannot be made or written.
        """
        image = file_digest(self.img_path)
        key = config_digest({'image': image, **self.key_parts})
        labels = finished_label_map(self.path, key)
        made = labels is None
        if made:
            labels = self.make()
            save_label_map(self.path, labels, key=key)
        return labels, made, self._confusion(labels)

    def _confusion(self, labels: np.ndarray) -> np.ndarray | None:
        """Count the pixels, where there is a mask."""
        if self.truth is None:
            return None
        try:
            return mask_confusion(labels, self.truth, self.num_classes)
        except ValueError as error:
            raise DataError(f'{self.path.stem}: {error}') from None


def record_parts(sample) -> dict:
    """Parts of a label map's key from its CAM record, if it has one."""
    if 'cam_input' not in sample:
        return {}
    record = sample.cam_input
    cam = np.ascontiguousarray(record.cam.cpu().numpy())
    return {
        'record': record.get('key', ''),
        'classes': list(record.classes),
        'cam': hashlib.sha256(cam.tobytes()).hexdigest(),
    }
