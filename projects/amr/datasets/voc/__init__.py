from .voc_folder import VOCFolder
from .voc_label_map import VOCLabelMapDataset
from .voc_weak_label import VOCWeakLabelDataset

__all__ = ['VOCFolder', 'VOCLabelMapDataset', 'VOCWeakLabelDataset']
