"""Records of finished stages, and how they compare with the present."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from projects.amr.runtime.files.atomic_write import write_file, write_json
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES
from projects.amr.runtime.files.item_progress import show_progress

SCHEMA = 1
MANIFEST = 'stage.json'
STARTED = 'started.json'
# What a folder of items consists of; manifests and logs do not count.
ITEM_SUFFIXES = ('.npz', '.xml', '.txt', '.csv', *IMAGE_SUFFIXES)


class DigestCache:
    """SHA-256 of files, computed again only if size or time changed.

    A damaged file of digests is ignored.
    """

    def __init__(self, path: Path):
        self.path = path
        self._changed = False
        try:
            self._known = {
                str(file): [int(size), int(changed), str(digest)]
                for file, (size, changed, digest) in json.loads(
                    path.read_text()
                ).items()
            }
        except Exception:  # of all kinds, if damaged or foreign
            self._known = {}

    def file(self, path: str | Path) -> str:
        """SHA-256 of a file, '' if there is none."""
        path = Path(path).absolute()
        try:
            stat = path.stat()
        except OSError:
            return ''
        state = [stat.st_size, stat.st_mtime_ns]
        entry = self._known.get(str(path))
        if entry and entry[:2] == state:
            return entry[2]
        digest = file_digest(path)
        self._known[str(path)] = [*state, digest]
        self._changed = True
        return digest

    def folder(self, path: str | Path) -> dict[str, str]:
        """Digests of a folder's items by name, sub-folders included."""
        path = Path(path)
        files = [
            file
            for file in sorted(path.rglob('*'))
            if file.suffix.lower() in ITEM_SUFFIXES and file.is_file()
        ]
        shown = show_progress(files, len(files), f'digests of {path}', True)
        return {str(file.relative_to(path)): self.file(file) for file in shown}

    def content(self, path: str | Path) -> str:
        """One digest of a file or of a folder's items, '' if missing."""
        path = Path(path)
        if path.is_dir():
            return config_digest(self.folder(path))
        return self.file(path)

    def save(self) -> None:
        """Write the digests to their file."""
        if self._changed:
            write_file(self.path, json.dumps(self._known))
            self._changed = False


def listing_digest(folder: str | Path) -> str:
    """Digest of the names and sizes in a folder, '' if there is none.

    Cheap, for source data; sub-folders are not entered.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return ''
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        size = file.stat().st_size if file.exists() else -1  # a broken link
        line = f'{file.name}\0{size}\n'
        digest.update(line.encode(errors='surrogateescape'))
    return digest.hexdigest()


@dataclass
class StageRecord:
    """A finished stage, kept as ``stage.json`` in its folder."""

    declared: dict  # flat declared values it was made with
    inputs: dict  # digest of each input, taken before the run
    outputs: dict  # digests of files by output
    # Metrics, split, seed, versions and the like.
    figures: dict = field(default_factory=dict)
    seconds: float = 0.0  # wall time of the run that finished it

    @property
    def key(self) -> str:
        """Digest of the values and inputs."""
        return config_digest([self.declared, self.inputs])

    def save(self, folder: Path) -> None:
        """Publish the record; from now on the stage counts as finished."""
        content = {'schema': SCHEMA, **asdict(self)}
        write_json(folder / MANIFEST, content, str)
        (folder / STARTED).unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path) -> 'StageRecord | None':
        """Read a record; None if there is none of this schema."""
        try:
            content = json.loads((folder / MANIFEST).read_text())
            schema = content.pop('schema')
            record = cls(**content)
            tables = [record.declared, record.inputs, record.figures]
            tables += record.outputs.values()
            plain = all(isinstance(table, dict) for table in tables)
            timed = isinstance(record.seconds, (int, float))
            timed = timed and math.isfinite(record.seconds)
            return record if schema == SCHEMA and plain and timed else None
        except Exception:  # of all kinds, if damaged or foreign
            return None


def note_start(folder: Path, key: str) -> None:
    """Write down the key of the values that a stage is run with."""
    write_json(folder / STARTED, {'key': key})


def started_key(folder: Path) -> str | None:
    """Key of a run that was interrupted, None if there was none."""
    try:
        return json.loads((folder / STARTED).read_text())['key']
    except Exception:  # of all kinds, if damaged or foreign
        return None


@dataclass
class StageState:
    """Decision about a stage: whether and how it runs."""

    # Why it runs; empty if it is finished.
    reasons: list[str] = field(default_factory=list)
    # Whether its folder holds results of other values, to be removed first.
    restart: bool = False
    key: str = ''  # digest of the present values and inputs

    @property
    def finished(self) -> bool:
        """Return whether there is nothing to do."""
        return not self.reasons


def stage_state(context, inputs: dict[str, str]) -> StageState:
    """Compare a stage's record with the present values, inputs and files."""
    declared = context.declared()
    key = config_digest([declared, inputs])
    record = StageRecord.load(context.folder)
    if record is None:
        begun = started_key(context.folder)
        reason = 'interrupted before, resumes' if begun == key else 'not done'
        if begun not in (None, key):
            reason = 'its settings changed since it was interrupted'
        return StageState([reason], restart=begun != key, key=key)
    # Records of earlier versions name files of the work dir by their place.
    before = {context.name_of(k): v for k, v in record.inputs.items()}
    reasons = describe_changes(record.declared, declared) + [
        name for name, digest in inputs.items() if before.get(name) != digest
    ]
    if reasons:
        changed = [f'{reason} changed' for reason in reasons]
        return StageState(changed, restart=True, key=key)
    now = context.output_digests()
    for name, files in record.outputs.items():
        bad = sum(now.get(name, {}).get(f) != d for f, d in files.items())
        if bad:
            reasons.append(
                f'{bad:,} of {len(files):,} files of {name} missing or damaged'
            )
    return StageState(reasons, key=key)


def describe_changes(before: dict, after: dict) -> list[str]:
    """Describe what changed between two sets of flat values.

    At most three of them are spelled out.

    Example:
        >>> describe_changes({'fg_thr': 0.3}, {'fg_thr': 0.6, 'crf': 'x'})
        ['fg_thr 0.3 -> 0.6', 'crf (new) x']
    """
    lines = []
    for key in dict.fromkeys([*before, *after]):
        old, new = _short(before.get(key)), _short(after.get(key))
        if key not in after:
            lines.append(f'{key} {old} (gone)')
        elif key not in before:
            lines.append(f'{key} (new) {new}')
        elif before[key] != after[key]:
            lines.append(f'{key} {old} -> {new}')
    more = len(lines) - 3
    return lines[:3] + ([f'{more} more'] if more > 0 else [])


def _short(value) -> str:
    text = str(value)
    return text if len(text) <= 48 else f'{text[:45]}...'
