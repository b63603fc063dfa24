from .cam_iou_metric import CAMIoUMetric
from .classification_ap import ClassificationAP
from .optional_mask_iou_metric import OptionalMaskIoUMetric

__all__ = ['CAMIoUMetric', 'ClassificationAP', 'OptionalMaskIoUMetric']
