from .atomic_checkpoint_hook import AtomicCheckpointHook
from .boundary_writer_hook import BoundaryWriterHook
from .cam_accumulation_hook import CAMAccumulationHook
from .cam_generation_hook import CAMGenerationHook
from .channels_last_hook import ChannelsLastHook
from .checkpoint_guard_hook import CheckpointGuardHook
from .exact_resume_hook import ExactResumeHook
from .fuse_conv_bn_hook import FuseConvBNHook
from .graceful_stop_hook import GracefulStopHook
from .item_writer_hook import ItemWriterHook
from .label_map_writer_hook import LabelMapWriterHook
from .non_finite_loss_hook import NonFiniteLossHook
from .picture_strip_hook import CAMVisualizationHook, LabelVisualizationHook
from .text_classes_hook import TextClassesHook
from .timed_logger_hook import TimedLoggerHook

__all__ = [
    'AtomicCheckpointHook',
    'BoundaryWriterHook',
    'CAMAccumulationHook',
    'CAMGenerationHook',
    'CAMVisualizationHook',
    'ChannelsLastHook',
    'CheckpointGuardHook',
    'ExactResumeHook',
    'FuseConvBNHook',
    'GracefulStopHook',
    'ItemWriterHook',
    'LabelMapWriterHook',
    'LabelVisualizationHook',
    'NonFiniteLossHook',
    'TextClassesHook',
    'TimedLoggerHook',
]
