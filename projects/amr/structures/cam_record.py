"""One image's class activation maps on disk.

Shape legend: K labelled classes of the image, (h, w) size of the stored
maps, (H, W) size of the image.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from projects.amr.runtime.files.array_archive import load_arrays, reading
from projects.amr.runtime.files.atomic_write import atomic_write

FORMAT = 'amr-cam-record-1'
STORAGE_DTYPE = np.float16
_BRANCH_PREFIX = 'branch_'


@dataclass
class CAMRecord:
    """CAMs of one image, of its labelled classes only.

    Maps are stored as float16 (relative rounding below 2 ** -11): a map of a
    VOC image at stride 4 takes some 23 KB.

    Args:
        classes (np.ndarray): Shape (K,), foreground class indices from 0,
            strictly increasing. K may be 0 (an image without labels).
        cam (np.ndarray): Shape (K, h, w), values in [0, 1], the map that the
            next stage takes.
        size (tuple[int, int]): Image size (H, W) in pixels.
        branches (dict[str, np.ndarray]): Further maps by name, each like
            ``cam`` (for AMR: spotlight, compensation). Defaults to {}.
        scores (np.ndarray, optional): Shape (num_classes,), class
            probabilities in [0, 1]. Defaults to None.
        key (str): Digest of all that the maps were made from (weights,
            config, CAM method). Empty when unknown. Defaults to ''.
        dropped (np.ndarray): Shape (D,), labelled classes whose CAM was
            empty or not finite, strictly increasing, none of them in
            ``classes``. Defaults to ().

    Raises:
        ValueError: If a rule above is broken.

    Example:
        >>> import tempfile
        >>> record = CAMRecord(np.array([3]), np.ones((1, 2, 2)), (8, 7))
        >>> path = record.save(Path(tempfile.mkdtemp()) / 'a.npz')
        >>> CAMRecord.load(path).size
        (8, 7)
    """

    classes: np.ndarray
    cam: np.ndarray
    size: tuple[int, int]
    branches: dict[str, np.ndarray] = field(default_factory=dict)
    scores: np.ndarray | None = None
    key: str = ''
    dropped: np.ndarray = ()

    def __post_init__(self) -> None:
        self.classes = _checked_indices(self.classes, 'classes')
        self.dropped = _checked_indices(self.dropped, 'dropped')
        self.size = (int(self.size[0]), int(self.size[1]))
        if np.isin(self.dropped, self.classes).any():
            raise ValueError(
                f'`dropped` {self.dropped} must not be among `classes` '
                f'{self.classes}'
            )
        if min(self.size) < 1:
            raise ValueError(f'`size` must be positive, got {self.size}')
        self.cam = self._checked(self.cam, 'cam')
        self.branches = {
            name: self._checked(value, name)
            for name, value in self.branches.items()
        }
        if self.scores is not None:
            self.scores = np.asarray(self.scores, dtype=np.float32)

    @property
    def status(self) -> str:
        """``'ok'``, ``'empty_cam'`` (a class was dropped), ``'no_label'``."""
        if len(self.dropped):
            return 'empty_cam'
        return 'ok' if len(self.classes) else 'no_label'

    def _checked(self, cam: np.ndarray, name: str) -> np.ndarray:
        """Return a map as float32 after checking shape and range."""
        cam = np.asarray(cam, dtype=np.float32)
        if cam.ndim != 3 or len(cam) != len(self.classes):
            raise ValueError(
                f'`{name}` must have shape ({len(self.classes)}, h, w), '
                f'got {cam.shape}'
            )
        # One comparison that NaN fails as well.
        if not bool(np.all((cam >= 0) & (cam <= 1))):
            raise ValueError(f'`{name}` must be finite and within [0, 1]')
        return cam

    def save(self, path: str | os.PathLike) -> Path:
        """Write the record: complete under its name, or not at all."""
        path = Path(path)
        arrays = {
            'format': np.array(FORMAT),
            'key': np.array(self.key),
            'classes': self.classes,
            'size': np.array(self.size, dtype=np.int64),
            'cam': self.cam.astype(STORAGE_DTYPE),
        }
        for name, value in self.branches.items():
            arrays[_BRANCH_PREFIX + name] = value.astype(STORAGE_DTYPE)
        if self.scores is not None:
            arrays['scores'] = self.scores
        if len(self.dropped):
            arrays['dropped'] = self.dropped
        with atomic_write(path) as file:
            np.savez(file, **arrays)
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> 'CAMRecord':
        """Read a record that :meth:`save` wrote. Nothing is unpickled.

        Raises:
            MissingFileError: If there is no such file.
            DataError: If the file is damaged or no CAM record; the
                message names the file and what to do.
        """
        remedy = 'make it with tools/test.py CONFIG CHECKPOINT'
        with reading(path, 'CAM record', remedy):
            return cls._from_arrays(load_arrays(path))

    @classmethod
    def _from_arrays(cls, arrays: dict[str, np.ndarray]) -> 'CAMRecord':
        """Build a record from the arrays of a file."""
        found = str(arrays['format'])
        if found != FORMAT:
            raise ValueError(f'format {found!r}, expected {FORMAT!r}')
        if arrays['size'].shape != (2,):
            raise ValueError(f'size of shape {arrays["size"].shape}')
        return cls(
            classes=arrays['classes'],
            cam=arrays['cam'],
            size=tuple(arrays['size']),
            branches={
                name[len(_BRANCH_PREFIX) :]: value
                for name, value in arrays.items()
                if name.startswith(_BRANCH_PREFIX)
            },
            scores=arrays.get('scores'),
            key=str(arrays['key']),
            dropped=arrays.get('dropped', ()),
        )


def _checked_indices(indices, name: str) -> np.ndarray:
    """Return class indices as int64 after checking order and range."""
    indices = np.asarray(indices, dtype=np.int64)
    if indices.ndim != 1 or np.any(indices < 0):
        raise ValueError(
            f'`{name}` must be a vector of indices from 0, got {indices}'
        )
    if np.any(np.diff(indices) <= 0):
        raise ValueError(
            f'`{name}` must be strictly increasing, got {indices}'
        )
    return indices
