from .boundary_map import (
    BoundaryMapError,
    load_boundary_map,
    save_boundary_map,
)
from .cam_record import CAMRecord, CAMRecordError
from .label_map import (
    LabelMapError,
    finished_label_map,
    load_label_map,
    save_label_map,
)

__all__ = [
    'BoundaryMapError',
    'CAMRecord',
    'CAMRecordError',
    'LabelMapError',
    'finished_label_map',
    'load_boundary_map',
    'load_label_map',
    'save_boundary_map',
    'save_label_map',
]
