"""PASCAL VOC with image-level labels."""

import logging
from pathlib import Path

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset, PascalVOCDataset
from mmseg.registry import DATASETS

from projects.amr.datasets.images.image_files import find_image, in_any_case
from projects.amr.datasets.images.image_ids import read_id_list, same_text
from projects.amr.datasets.labels.class_list import one_sided_classes
from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    labels_from_mask,
    labels_from_xml,
    read_label_file,
)
from projects.amr.errors import DataError, list_faults
from projects.amr.structures.label_space import foreground_names, multi_hot
from projects.amr.structures.voc_palette import voc_palette

# Of VOC 2012, by the keys of ``data_prefix``.
VOC_FOLDERS = {
    'img_path': 'JPEGImages',
    'xml_path': 'Annotations',
    'seg_map_path': 'SegmentationClass',
}


@DATASETS.register_module()
class VOCWeakLabelDataset(BaseSegDataset):
    """A VOC devkit folder whose supervision is the weak label.

    Each item has ``img_id``, ``img_path``, ``img_label`` (multi-hot, (K,)
    float32) and, where the folders are given, ``seg_map_path`` and
    ``part_map_path`` (for evaluation; training needs neither).

    All images and labels are looked up when the dataset is built: a missing
    file or unknown class stops the run before it starts, with every fault
    counted and the first ten named.

    Args:
        ann_file (str): Split list under ``data_root``, one id a line.
        label_source (str): ``'xml'``: objects of the VOC annotation;
            ``'file'``: ``label_file``; ``'mask'``: classes of the mask.
            Defaults to 'xml'.
        label_file (str, optional): CSV or JSON under ``data_root``, see
            :func:`read_label_file`. Defaults to None.
        include_difficult (bool): Whether objects marked difficult count, as
            they do in the label lists of the field. Defaults to True.
        no_label (str, optional): What to do with an image without any
            label: ``'drop'`` it, ``'keep'`` it (as a negative in training;
            an all-background CAM in testing) or ``'error'``. Defaults to
            None: drop in training, keep in testing; both are counted.
        data_prefix (dict, optional): Folders ``img_path``, ``xml_path``,
            ``seg_map_path`` and ``part_map_path`` under ``data_root``.
            Defaults to those of VOC 2012, without part maps.
        metainfo (dict, optional): ``classes`` (background first) and
            ``palette``, by default VOC's colours. Defaults to VOC's.
        img_suffix (str, optional): Suffix of the images. Defaults to None:
            any image suffix, see :func:`find_image`.
        **kwargs: As in :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        DataError: If a list, image, annotation or label breaks a rule.
    """

    METAINFO = PascalVOCDataset.METAINFO

    def __init__(
        self,
        ann_file: str = 'ImageSets/Segmentation/train_aug.txt',
        label_source: str = 'xml',
        label_file: str | None = None,
        include_difficult: bool = True,
        no_label: str | None = None,
        data_prefix: dict | None = None,
        metainfo: dict | None = None,
        img_suffix: str | None = None,
        **kwargs,
    ):
        for name, value, known in (
            ('label_source', label_source, ('xml', 'file', 'mask')),
            ('no_label', no_label, (None, 'drop', 'keep', 'error')),
        ):
            if value not in known:
                raise ValueError(
                    f'`{name}` must be one of {known}, got {value!r}'
                )
        if (label_source == 'file') != (label_file is not None):
            raise ValueError(
                "`label_file` goes with `label_source='file'`, got "
                f'{label_file!r} with {label_source!r}'
            )
        self.label_source = label_source
        self.label_file = label_file
        self.include_difficult = include_difficult
        self.no_label = no_label or (
            'keep' if kwargs.get('test_mode') else 'drop'
        )
        if metainfo and 'palette' not in metainfo:
            colours = voc_palette(len(metainfo['classes'])).tolist()
            metainfo = {**metainfo, 'palette': colours}
        super().__init__(
            ann_file=ann_file,
            data_prefix={**VOC_FOLDERS, **(data_prefix or {})},
            metainfo=metainfo,
            img_suffix=img_suffix,
            **kwargs,
        )

    @classmethod
    def get_label_map(cls, new_classes=None):
        """None: own classes are a list of their own, no subset of VOC's."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Foreground class names by class index."""
        return foreground_names(self.metainfo['classes'])

    def load_data_list(self) -> list[dict]:
        """Look up every image of the split and its label, an item each."""
        ids = read_id_list(self.ann_file)
        names = ClassNames(self.class_names)
        if self.label_source == 'file':
            self._file_labels = read_label_file(
                Path(self.data_root or '') / self.label_file, names
            )
        items, faults, unlabelled = [], [], []
        for image_id in ids:
            try:
                item = self._item(image_id, names)
            except DataError as error:
                faults.append(str(error))
                continue
            if not item['img_label'].any():
                unlabelled.append(image_id)
                if self.no_label == 'drop':
                    continue
            items.append(item)
        if faults:
            raise DataError(
                f'{self.ann_file}: {len(faults)} of {len(ids)} images cannot '
                f'be used:\n{list_faults(faults)}'
            )
        self._report_unlabelled(unlabelled, len(ids))
        if not self.test_mode:
            self._report_one_sided(items)
        return items

    def _report_one_sided(self, items: list[dict]) -> None:
        counts = sum(item['img_label'] for item in items)
        per_class = dict(zip(self.class_names, counts, strict=True))
        for line in one_sided_classes(per_class, len(items)):
            print_log(f'{self.ann_file}: {line}', 'current', logging.WARNING)

    def _item(self, image_id: str, names: ClassNames) -> dict:
        image = self._image(image_id)
        item = {
            'img_id': image_id,
            'img_path': str(image),
            'img_label': multi_hot(self._labels(image_id, names), len(names)),
            'label_map': None,
            'reduce_zero_label': False,
            'seg_fields': [],
        }
        for key in ('seg_map_path', 'part_map_path'):
            if self.data_prefix.get(key):
                item[key] = str(self._file(key, image_id, self.seg_map_suffix))
        return item

    def _image(self, image_id: str) -> Path:
        if self.img_suffix is None:
            return find_image(self.data_prefix['img_path'], image_id)
        path = self._file('img_path', image_id, self.img_suffix)
        if not path.is_file():
            raise DataError(f'image not found: {path}')
        return path

    def _file(self, prefix: str, image_id: str, suffix: str) -> Path:
        folder = Path(self.data_prefix[prefix])
        return in_any_case(folder / (image_id + suffix))

    def _labels(self, image_id: str, names: ClassNames) -> set[int]:
        """Class indices of one image, from the configured source."""
        if self.label_source == 'xml':
            return labels_from_xml(
                self._file('xml_path', image_id, '.xml'),
                names,
                self.include_difficult,
            )
        if self.label_source == 'mask':
            return labels_from_mask(
                self._file('seg_map_path', image_id, self.seg_map_suffix),
                names,
            )
        if same_text(image_id) not in self._file_labels:
            raise DataError(f'{self.label_file} has no row for {image_id!r}')
        return self._file_labels[same_text(image_id)]

    def _report_unlabelled(self, ids: list[str], total: int) -> None:
        """Say how many images have no label, or refuse them."""
        if not ids:
            return
        text = (
            f'{self.ann_file}: {len(ids)} of {total} images have no label:\n'
            f'{list_faults(ids)}'
        )
        if self.no_label == 'error' or len(ids) == total:
            raise DataError(
                f'{text}\nLabel them, take them out of the list, or set '
                "no_label='drop' or 'keep' in the dataset config"
            )
        done = {'drop': 'left out', 'keep': 'kept'}[self.no_label]
        print_log(
            f"{text}\nThey are {done} (no_label='{self.no_label}').",
            'current',
            logging.WARNING,
        )
