from .hooks import (
    AtomicCheckpointHook,
    CAMGenerationHook,
    CAMVisualizationHook,
    CheckpointGuardHook,
    DisplacementMeanHook,
    ExactResumeHook,
    GracefulStopHook,
    LabelMapWriterHook,
    LabelVisualizationHook,
    NonFiniteLossHook,
)
from .strict_loading import StrictPretrainedInit

__all__ = [
    'AtomicCheckpointHook',
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'CheckpointGuardHook',
    'DisplacementMeanHook',
    'ExactResumeHook',
    'GracefulStopHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
    'NonFiniteLossHook',
    'StrictPretrainedInit',
]
