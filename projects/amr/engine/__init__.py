from .hooks import (
    CAMGenerationHook,
    CAMVisualizationHook,
    CheckpointGuardHook,
)

__all__ = [
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
]
