"""The 80 categories of COCO's instances: ids with gaps, and names."""

from mmseg.datasets import COCOStuffDataset

_GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
_IDS = [key for key in range(1, 91) if key not in _GAPS]
# COCO-Stuff lists the instances' classes first, in the order of their ids.
_NAMES = COCOStuffDataset.METAINFO['classes'][: len(_IDS)]

COCO_CATEGORIES = dict(zip(_IDS, _NAMES, strict=True))
"""Category id: name. The i-th of them is foreground class i, label i + 1."""
COCO_CLASSES = ('background', *_NAMES)
