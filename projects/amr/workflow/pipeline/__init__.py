from .config_error import PipelineConfigError
from .context import (
    MissingOutputError,
    StageContext,
    Workspace,
    pipeline_work_dir,
)
from .overrides import override_stages, use_stage_overrides
from .runner import PipelineRunner, dependents
from .stage import Stage, choose, read_stages
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
    'override_stages',
    'pipeline_work_dir',
    'read_stages',
    'summarize',
    'use_stage_overrides',
    'write_summary',
]
