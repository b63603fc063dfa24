"""What a stage leaves behind about itself: ``stage.json``."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from projects.amr.runtime.files.atomic_write import atomic_write

SCHEMA = 1
MANIFEST = 'stage.json'
STARTED = 'started.json'


@dataclass
class StageRecord:
    """A finished stage.

    Args:
        declared (dict): Flat declared values it was made with.
        inputs (dict[str, str]): Digest of each input, taken before the run.
        outputs (dict[str, dict[str, str]]): Digests of files by output.
        figures (dict): Metrics, split, seed, versions and the like.
        seconds (float): Wall time of the run that finished it.
    """

    declared: dict
    inputs: dict
    outputs: dict
    figures: dict = field(default_factory=dict)
    seconds: float = 0.0

    def save(self, folder: Path) -> None:
        """Publish the record; the stage counts as finished from now on."""
        with atomic_write(folder / MANIFEST) as file:
            content = {'schema': SCHEMA, **asdict(self)}
            file.write(json.dumps(content, indent=1, default=str).encode())
        (folder / STARTED).unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path) -> 'StageRecord | None':
        """Read a record; None if there is none of this schema."""
        try:
            content = json.loads((folder / MANIFEST).read_text())
            if content.pop('schema') != SCHEMA:
                return None
            record = cls(**content)
            return record if record.is_plain() else None
        except (
            AttributeError,
            KeyError,
            OSError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            return None

    def is_plain(self) -> bool:
        """Whether each field is of its type, as in an undamaged file."""
        tables = (self.declared, self.inputs, self.outputs, self.figures)
        return (
            all(isinstance(table, dict) for table in tables)
            and all(isinstance(f, dict) for f in self.outputs.values())
            and isinstance(self.seconds, (int, float))
        )


def note_start(folder: Path, key: str) -> None:
    """Write down with what values a stage is being run."""
    with atomic_write(folder / STARTED) as file:
        file.write(json.dumps({'key': key}).encode())


def started_key(folder: Path) -> str | None:
    """Key of a run that was interrupted, None if there was none."""
    try:
        return json.loads((folder / STARTED).read_text())['key']
    except (OSError, RecursionError, ValueError, TypeError, KeyError):
        return None
