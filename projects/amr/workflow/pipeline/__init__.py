from .overrides import (
    override_stages,
    use_stage_overrides,
)
from .runner import PipelineRunner
from .stages import Stage, choose, dependents, read_stages
from .summary import summarize, write_summary
from .workspace import (
    MissingOutputError,
    StageContext,
    Workspace,
    read_pipeline,
)

__all__ = [
    'MissingOutputError',
    'PipelineRunner',
    'Stage',
    'StageContext',
    'Workspace',
    'choose',
    'dependents',
    'override_stages',
    'read_pipeline',
    'read_stages',
    'summarize',
    'use_stage_overrides',
    'write_summary',
]
