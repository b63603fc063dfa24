"""PASCAL VOC with a label map per image: pseudo labels or masks."""

import logging
from pathlib import Path

from mmengine.logging import print_log
from mmseg.registry import DATASETS

from projects.amr.datasets.images.image_size import image_size
from projects.amr.datasets.labels.weak_labels import ClassNames, load_mask
from projects.amr.datasets.voc.voc_weak_label import VOCWeakLabelDataset
from projects.amr.errors import DataError, list_faults
from projects.amr.structures.label_space import classes_in_mask, multi_hot

_REMEDY = (
    'make pseudo labels of the whole split (tools/make_pseudo_labels.py '
    'configs/pseudo_labels_voc.py), or name their folder in LABEL_DIR'
)


@DATASETS.register_module()
class VOCLabelMapDataset(VOCWeakLabelDataset):
    """A VOC devkit folder whose supervision is a folder of label maps.

    For training segmentors, on pseudo labels or on ground truth, and for
    testing them. Needs no XML. Items are those of
    :class:`VOCWeakLabelDataset`, with ``seg_map_path``; ``img_label`` holds
    the classes of the map.

    In training every image must have a map: a PNG of the image's size with
    values 0..K and 255. All are checked when the dataset is built (a few
    milliseconds an image), so that a run does not stop in the middle. In
    testing an image may lack its map: it is predicted and not scored, and
    such images are counted.

    Args:
        ann_file (str): Split list under ``data_root``, one id a line.
        data_prefix (dict, optional): ``seg_map_path`` is the folder of the
            maps, under ``data_root`` or absolute. Defaults to VOC's masks.
        check_maps (bool): Whether maps are read when the dataset is built;
            if not, only their presence is checked and ``img_label`` is zero.
            Defaults to True.
        **kwargs: As in :class:`VOCWeakLabelDataset`, except for its sources
            of labels.

    Raises:
        DataError: If a list, an image or a map breaks a rule; the first ten
            are named.
    """

    def __init__(
        self,
        ann_file: str = 'ImageSets/Segmentation/train_aug.txt',
        data_prefix: dict | None = None,
        check_maps: bool = True,
        **kwargs,
    ):
        self.check_maps = check_maps
        super().__init__(
            ann_file=ann_file,
            label_source='mask',
            no_label='keep',
            data_prefix=data_prefix,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Look up every image of the split and its label map, an item each."""
        self._missing: list[str] = []
        items = super().load_data_list()
        if self._missing:
            self._report_missing(len(items))
        elif self.check_maps and not any(i['img_label'].any() for i in items):
            raise DataError(
                f'{self.data_prefix["seg_map_path"]}: no label map of '
                f'{self.ann_file} shows an object, all are background'
            )
        return items

    def _item(self, image_id: str, names: ClassNames) -> dict:
        item = super()._item(image_id, names)
        path = Path(item['seg_map_path'])
        if not path.is_file():
            self._missing.append(str(path))
        elif self.check_maps:
            size = image_size(item['img_path'])
            classes = classes_in_mask(load_mask(path, len(names) + 1, size))
            item['img_label'] = multi_hot(classes, len(names))
        return item

    def _labels(self, image_id: str, names: ClassNames) -> set[int]:
        """None: they come with the map, see ``_item``."""
        return set()

    def _report_unlabelled(self, ids: list[str], total: int) -> None:
        """An image of background alone is as good as any."""

    def _report_missing(self, total: int) -> None:
        """Refuse images without a map, or count them in testing."""
        text = (
            f'{self.ann_file}: {len(self._missing)} of {total} images have no '
            f'label map:\n{list_faults(self._missing)}'
        )
        if not self.test_mode:
            raise DataError(f'{text}\nTo train, {_REMEDY}')
        print_log(
            f'{text}\nThey are predicted and not scored.',
            'current',
            logging.WARNING,
        )
