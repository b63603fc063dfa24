from .cam_iou_metric import CAMIoUMetric
from .classification_ap import ClassificationAP
from .map_agreement_metric import MapAgreementMetric
from .optional_mask_iou_metric import OptionalMaskIoUMetric

__all__ = [
    'CAMIoUMetric',
    'ClassificationAP',
    'MapAgreementMetric',
    'OptionalMaskIoUMetric',
]
