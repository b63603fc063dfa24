"""COCO 2014 in the layout that ``prepare_coco.py`` makes."""

from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS

from projects.amr.datasets.voc.voc_label_map import VOCLabelMapDataset
from projects.amr.datasets.voc.voc_weak_label import VOCWeakLabelDataset
from projects.amr.structures.voc_palette import voc_palette

_GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
_IDS = [key for key in range(1, 91) if key not in _GAPS]
# COCO-Stuff lists the instances' classes first, in the order of their ids.
_NAMES = COCOStuffDataset.METAINFO['classes'][: len(_IDS)]

COCO_CATEGORIES = dict(zip(_IDS, _NAMES, strict=True))
"""Category id: name. The i-th of them is foreground class i, label i + 1."""
COCO_CLASSES = ('background', *_NAMES)
METAINFO = {
    'classes': COCO_CLASSES,
    'palette': voc_palette(len(COCO_CLASSES)).tolist(),
}


@DATASETS.register_module()
class COCOWeakLabelDataset(VOCWeakLabelDataset):
    """COCO's 80 classes as weak labels, from ``labels.csv``.

    Images without an object are left out of training and kept in testing,
    see ``no_label`` of :class:`VOCWeakLabelDataset`.

    Args:
        ann_file (str): Split list under ``data_root``. Defaults to
            'ImageSets/Segmentation/train.txt'.
        label_source (str): As of the base class. Defaults to 'file'.
        label_file (str, optional): Defaults to 'labels.csv'.
        **kwargs: As of :class:`VOCWeakLabelDataset`.
    """

    METAINFO = METAINFO

    def __init__(
        self,
        ann_file: str = 'ImageSets/Segmentation/train.txt',
        label_source: str = 'file',
        label_file: str | None = 'labels.csv',
        **kwargs,
    ):
        super().__init__(ann_file, label_source, label_file, **kwargs)


@DATASETS.register_module()
class COCOLabelMapDataset(VOCLabelMapDataset):
    """COCO's images with a label map each: pseudo labels or masks.

    Args:
        ann_file (str): Split list under ``data_root``. Defaults to
            'ImageSets/Segmentation/train.txt'.
        **kwargs: As of :class:`VOCLabelMapDataset`.
    """

    METAINFO = METAINFO

    def __init__(
        self, ann_file: str = 'ImageSets/Segmentation/train.txt', **kwargs
    ):
        super().__init__(ann_file=ann_file, **kwargs)
