"""Whether a stage is finished, and if not, why."""

from dataclasses import dataclass, field

from projects.amr.workflow.pipeline.context import StageContext
from projects.amr.workflow.pipeline.declared import (
    describe_changes,
    values_digest,
)
from projects.amr.workflow.pipeline.manifest import StageRecord, started_key


@dataclass
class StageState:
    """What to do with a stage.

    Args:
        reasons (list[str]): Why it runs; empty if it is finished.
        restart (bool): Whether what is there belongs to other values and must
            go first. Defaults to False.
        key (str): Digest of the values and inputs of now. Defaults to ''.
        record (StageRecord, optional): Of the finished run. Defaults to None.
    """

    reasons: list[str] = field(default_factory=list)
    restart: bool = False
    key: str = ''
    record: StageRecord | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing to do."""
        return not self.reasons


def stage_state(context: StageContext, inputs: dict[str, str]) -> StageState:
    """Compare a stage's record with the values, inputs and files of now.

    Args:
        context (StageContext): The stage.
        inputs (dict[str, str]): Of :meth:`StageContext.inputs`.

    Returns:
        StageState: What to do.
    """
    declared = context.declared()
    key = values_digest([declared, inputs])
    record = StageRecord.load(context.folder)
    if record is None:
        begun = started_key(context.folder)
        reason = 'interrupted before, goes on' if begun == key else 'not done'
        if begun not in (None, key):
            reason = 'its settings changed since it was interrupted'
        return StageState([reason], restart=begun != key, key=key)
    reasons = [
        f'{text} changed'
        for text in describe_changes(record.declared, declared)
    ]
    # Records of earlier versions name files of the work dir by their place.
    before = {context.name_of(k): v for k, v in record.inputs.items()}
    reasons += [
        f'{name} changed'
        for name in dict.fromkeys([*before, *inputs])
        if before.get(name) != inputs.get(name)
    ]
    if reasons:
        return StageState(reasons, restart=True, key=key, record=record)
    return StageState(_damage(context, record), key=key, record=record)


def _damage(context: StageContext, record: StageRecord) -> list[str]:
    """Outputs that are no longer as they were made."""
    now = context.output_digests()
    reasons = []
    for name, files in record.outputs.items():
        bad = sum(now.get(name, {}).get(f) != d for f, d in files.items())
        if bad:
            reasons.append(
                f'{bad:,} of {len(files):,} files of {name} missing or damaged'
            )
    return reasons
