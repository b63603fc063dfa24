from .boundary_map import load_boundary_map, save_boundary_map
from .cam_record import CAMRecord
from .label_map import finished_label_map, load_label_map, save_label_map

__all__ = [
    'CAMRecord',
    'finished_label_map',
    'load_boundary_map',
    'load_label_map',
    'save_boundary_map',
    'save_label_map',
]
