from .drawing import draw_sample
from .generation import generate_toy_voc
from .spec import PRESETS, ToyVOCSpec, class_names

__all__ = [
    'PRESETS',
    'ToyVOCSpec',
    'class_names',
    'draw_sample',
    'generate_toy_voc',
]
