from .cam_generation_hook import CAMGenerationHook
from .cam_visualization_hook import CAMVisualizationHook
from .checkpoint_guard_hook import CheckpointGuardHook

__all__ = [
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
]
