from .hooks import (
    CAMGenerationHook,
    CAMVisualizationHook,
    CheckpointGuardHook,
    DisplacementMeanHook,
    LabelMapWriterHook,
    LabelVisualizationHook,
)

__all__ = [
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
    'DisplacementMeanHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
]
