from .context import MissingOutputError, StageContext, Workspace
from .lock import LockedError, work_dir_lock
from .runner import PipelineRunner, dependents
from .stage import PipelineConfigError, Stage, choose, read_stages
from .summary import summarize, write_summary

__all__ = [
    'LockedError',
    'MissingOutputError',
    'PipelineConfigError',
    'PipelineRunner',
    'Stage',
    'StageContext',
    'Workspace',
    'choose',
    'dependents',
    'read_stages',
    'summarize',
    'work_dir_lock',
    'write_summary',
]
