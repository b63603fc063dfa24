from .cam_generation_hook import CAMGenerationHook
from .cam_visualization_hook import CAMVisualizationHook
from .checkpoint_guard_hook import CheckpointGuardHook
from .displacement_mean_hook import DisplacementMeanHook
from .item_writer_hook import ItemWriterHook
from .label_map_writer_hook import LabelMapWriterHook
from .label_visualization_hook import LabelVisualizationHook

__all__ = [
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
    'DisplacementMeanHook',
    'ItemWriterHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
]
