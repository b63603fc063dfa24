from .hooks import (
    CAMGenerationHook,
    CAMVisualizationHook,
    CheckpointGuardHook,
    DisplacementMeanHook,
    LabelMapWriterHook,
)

__all__ = [
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
    'DisplacementMeanHook',
    'LabelMapWriterHook',
]
