"""Label maps of a folder of images, made by transforms: one file an item."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_size import image_size
from projects.amr.errors import UserError
from projects.amr.evaluation.label_share import count_labels
from projects.amr.evaluation.mask_evaluation import MaskScores, file_confusion
from projects.amr.runtime.files.disk_space import (
    estimate_bytes,
    png_bytes,
    require_space,
)
from projects.amr.runtime.files.fingerprint import (
    config_digest,
    file_digest,
    note_origin,
    require_origin,
    require_own_folder,
)
from projects.amr.structures import (
    LabelMapError,
    load_label_map,
    save_label_map,
)
from projects.amr.structures.label_rules import check_labels
from projects.amr.structures.label_space import IGNORE_LABEL


@dataclass
class LabelResult:
    """What is counted of one label map.

    Args:
        labelled (int): Pixels that are not 255.
        pixels (int): All pixels.
        confusion (np.ndarray, optional): With the image's mask, see
            ``mask_confusion``; None without a mask.
        counts (np.ndarray, optional): Pixels by label, (256,). Defaults to
            None.
    """

    labelled: int
    pixels: int
    confusion: np.ndarray | None
    counts: np.ndarray | None = None


class LabelMapJob:
    """Makes ``<out_dir>/<id>.png`` from the ``gt_seg_map`` of transforms.

    The key of an item is the digest of the settings and of the input files;
    an item of the same key is finished. The labels are those that the same
    transforms give in a training pipeline.

    Args:
        folder (VOCFolder): Images, and masks where there are some.
        transforms (list[dict]): Configs of transforms.
        inputs (tuple[str | Path, ...]): Folders of which the transforms
            read ``<id>.npz``, or ``<id>.png``, ``<id>.json`` and the PNGs
            in ``<id>/``.
        out_dir (str | Path): Folder of the label maps.
        settings (dict): All values that the labels depend on, by name.
    """

    def __init__(
        self, folder: VOCFolder, transforms, inputs, out_dir, settings
    ):
        self.folder = folder
        self.inputs = tuple(Path(path) for path in inputs)
        self.out_dir = Path(out_dir)
        self.settings = settings
        self._configs = transforms
        self._built = None

    def prepare(self) -> list[str]:
        """Make the output folder and note there what labels are made from.

        Returns:
            list[str]: Names of the settings that changed since last time.

        Raises:
            UserError: If an input folder is missing, a setting is out of
                range, or the output folder cannot be written or holds other
                files.
            DiskFullError: If the missing label maps will not fit.
        """
        for path in self.inputs:
            if not path.is_dir():
                raise UserError(f'input folder not found: {path}')
        try:
            self._transforms()
        except ValueError as error:
            raise UserError(str(error)) from None
        try:
            require_own_folder(self.out_dir, '.png')
            self.out_dir.mkdir(parents=True, exist_ok=True)
            self._require_space()
            return note_origin(self.out_dir, self._parts())
        except OSError as error:
            raise UserError(
                f'label maps cannot be written to {self.out_dir} ({error}): '
                'choose another folder with --out-dir'
            ) from None

    def require_own(self) -> None:
        """Refuse label maps that a run of other settings began to change.

        Raises:
            UserError: See :func:`require_origin`.
        """
        require_origin(self.out_dir, self._parts())

    def load(self, item: str) -> LabelResult | None:
        """Result of an item made under the same key, if there is one."""
        try:
            labels, key = load_label_map(self._path(item))
        except (FileNotFoundError, LabelMapError):
            return None
        return self._result(item, labels) if key == self._key(item) else None

    def make(self, item: str) -> LabelResult:
        """Make and publish one label map.

        Args:
            item (str): Image id.

        Returns:
            LabelResult: As of :meth:`load`.

        Raises:
            DataError: If an input is missing or breaks a rule.
            UserError: If the file cannot be written.
        """
        key = self._key(item)
        results = {
            'img_id': item,
            'img_path': str(self.folder.image_path(item)),
        }
        for transform in self._transforms():
            results = transform(results)
        labels = results['gt_seg_map']
        check_labels(
            f'labels from {self.inputs[0]} for {item}',
            labels,
            len(self.folder.classes),
            remedy='Name the config the CAMs were made with by --classes-from',
        )
        try:
            save_label_map(self._path(item), labels, key=key)
        except OSError as error:
            raise UserError(f'{self._path(item)}: {error}') from None
        return self._result(item, labels)

    def _parts(self) -> dict[str, str]:
        """The settings, as they are written down."""
        return {name: str(value) for name, value in self.settings.items()}

    def _transforms(self) -> list:
        """The transforms, built once a process."""
        if self._built is None:
            init_default_scope('mmseg')
            self._built = [TRANSFORMS.build(cfg) for cfg in self._configs]
        return self._built

    def _require_space(self) -> None:
        """Refuse to begin what the disk has no room for."""
        missing = [i for i in self.folder.ids if not self._path(i).exists()]
        needed = estimate_bytes(
            missing,
            lambda i: png_bytes(*image_size(self.folder.image_path(i))),
        )
        what = f'label maps of {len(missing):,} images'
        require_space(self.out_dir, needed, what)

    def _path(self, item: str) -> Path:
        """File of an item."""
        return self.out_dir / f'{item}.png'

    def _key(self, item: str) -> str:
        """Key of an item."""
        files = [
            file_digest(file)
            for path in self.inputs
            for file in _input_files(path, item)
        ]
        return config_digest([self.settings, files])

    def _result(self, item: str, labels: np.ndarray) -> LabelResult:
        """Count the pixels of one label map."""
        mask = self.folder.mask_path(item)
        confusion = None
        if mask.is_file():
            size = len(self.folder.classes)
            confusion = file_confusion(self._path(item), mask, size)
        counts = count_labels(labels)
        labelled = int(labels.size - counts[IGNORE_LABEL])
        return LabelResult(labelled, labels.size, confusion, counts)

    def __getstate__(self) -> dict:
        """Leave built transforms behind; workers build their own."""
        return {**self.__dict__, '_built': None}


def _input_files(folder: Path, item: str) -> list[Path]:
    """Files of an input folder that belong to an item."""
    record = folder / f'{item}.npz'
    if record.is_file():
        return [record]
    files = [folder / f'{item}.png', folder / f'{item}.json']
    files += sorted((folder / item).glob('*.png'))
    return [path for path in files if path.is_file()]


def total_scores(
    results: dict[str, LabelResult], classes: tuple[str, ...]
) -> tuple[float, MaskScores | None]:
    """Add up what was counted.

    Args:
        results (dict[str, LabelResult]): By item.
        classes (tuple[str, ...]): Names by label, background first.

    Returns:
        tuple[float, MaskScores | None]: Share of pixels with a label, in
        percent, over all images; scores over the images with a mask, None if
        none has one.
    """
    labelled = sum(result.labelled for result in results.values())
    pixels = sum(result.pixels for result in results.values())
    counts = [
        result.confusion
        for result in results.values()
        if result.confusion is not None
    ]
    scores = MaskScores(classes, sum(counts), len(counts)) if counts else None
    return 100 * labelled / pixels, scores
