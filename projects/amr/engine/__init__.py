from .hooks import (
    AtomicCheckpointHook,
    BoundaryWriterHook,
    CAMGenerationHook,
    CAMVisualizationHook,
    ChannelsLastHook,
    CheckpointGuardHook,
    ExactResumeHook,
    FuseConvBNHook,
    GracefulStopHook,
    LabelMapWriterHook,
    LabelVisualizationHook,
    NonFiniteLossHook,
    TimedLoggerHook,
)
from .mixed_precision import BFloat16OptimWrapper

__all__ = [
    'AtomicCheckpointHook',
    'BFloat16OptimWrapper',
    'BoundaryWriterHook',
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'ChannelsLastHook',
    'CheckpointGuardHook',
    'ExactResumeHook',
    'FuseConvBNHook',
    'GracefulStopHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
    'NonFiniteLossHook',
    'TimedLoggerHook',
]
