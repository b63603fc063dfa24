from .cam_iou_metric import CAMIoUMetric
from .classification_ap import ClassificationAP

__all__ = ['CAMIoUMetric', 'ClassificationAP']
