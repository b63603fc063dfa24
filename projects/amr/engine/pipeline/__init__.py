from .context import (
    MissingOutputError,
    StageContext,
    Workspace,
    pipeline_work_dir,
)
from .runner import PipelineRunner, dependents
from .stage import PipelineConfigError, Stage, choose, read_stages
from .summary import summarize, write_summary

__all__ = [
    'MissingOutputError',
    'PipelineConfigError',
    'PipelineRunner',
    'Stage',
    'StageContext',
    'Workspace',
    'choose',
    'dependents',
    'pipeline_work_dir',
    'read_stages',
    'summarize',
    'write_summary',
]
