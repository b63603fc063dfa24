"""A split of a VOC devkit folder, for tools that need no Runner."""

import json
from dataclasses import dataclass
from pathlib import Path

from mmseg.datasets import PascalVOCDataset

from projects.amr.datasets.image_ids import read_id_list
from projects.amr.errors import DataError

TOY_MANIFEST = 'toyvoc.json'


@dataclass(frozen=True)
class VOCFolder:
    """Where a split's images and masks are.

    Args:
        root (Path): The folder that holds ``JPEGImages``.
        ids (tuple[str, ...]): Image ids of the split, in order.
        classes (tuple[str, ...]): Names by label, background first.
        mask_dir (str): Folder of the masks under ``root``. Defaults to
            'SegmentationClass'.
    """

    root: Path
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    mask_dir: str = 'SegmentationClass'

    @classmethod
    def open(
        cls,
        root: str | Path,
        split: str,
        classes=None,
        mask_dir: str = 'SegmentationClass',
    ) -> 'VOCFolder':
        """Read a split's list.

        Args:
            root (str | Path): The folder that holds ``JPEGImages``.
            split (str): Name of a list in ``ImageSets/Segmentation``, or the
                path of a list ending in ``.txt``.
            classes (Sequence[str], optional): Names, background first.
                Defaults to None: those in ``toyvoc.json`` where the folder
                has one, else VOC's.
            mask_dir (str): Folder of the masks under ``root``. Defaults to
                'SegmentationClass'.

        Returns:
            VOCFolder: The split.

        Raises:
            DataError: If the folder, the list or the manifest breaks a rule.
        """
        root = Path(root)
        if not root.is_dir():
            raise DataError(
                f'data root not found: {root}. It is the folder that holds '
                'JPEGImages and ImageSets'
            )
        path = Path(split)
        if path.suffix != '.txt':
            path = root / 'ImageSets' / 'Segmentation' / f'{split}.txt'
        names = tuple(classes or _folder_classes(root))
        return cls(root, tuple(read_id_list(path)), names, mask_dir)

    def image_path(self, image_id: str) -> Path:
        """Path of an image."""
        return self.root / 'JPEGImages' / f'{image_id}.jpg'

    def mask_path(self, image_id: str) -> Path:
        """Path of an image's mask, which need not exist."""
        return self.root / self.mask_dir / f'{image_id}.png'


def _folder_classes(root: Path) -> tuple[str, ...]:
    """Class names of a folder: the toy set's, or VOC's."""
    path = root / TOY_MANIFEST
    if not path.is_file():
        return tuple(PascalVOCDataset.METAINFO['classes'])
    try:
        names = tuple(map(str, json.loads(path.read_text())['classes']))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f'{path} is no manifest of a toy set ({error!r}): make the set '
            'again'
        ) from None
    return names if names[:1] == ('background',) else ('background', *names)
