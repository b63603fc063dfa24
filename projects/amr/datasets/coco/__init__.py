from .coco import COCOLabelMapDataset, COCOWeakLabelDataset

__all__ = ['COCOLabelMapDataset', 'COCOWeakLabelDataset']
