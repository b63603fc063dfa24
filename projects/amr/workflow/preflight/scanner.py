"""Facts of many files, read in processes and remembered between scans."""

import json
from collections.abc import Iterable
from pathlib import Path

from projects.amr.cpu import usable_cores
from projects.amr.datasets.images.file_facts import (
    annotation_facts,
    image_facts,
    mask_facts,
)
from projects.amr.errors import DataError
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.runtime.processes.item_pool import run_items

FORMAT = 'amr-preflight-2'
READERS = {
    'image': image_facts,
    'annotation': annotation_facts,
    'mask': mask_facts,
}
# Starting worker processes takes longer than reading some hundred files.
MIN_FILES_FOR_WORKERS = 400


class _FactJob:
    """Reads one file an item, named ``<kind>:<path>``; publishes nothing."""

    def load(self, item: str) -> None:
        """None: what is known is not handed in."""

    def make(self, item: str) -> dict:
        """Facts of a file; of one that cannot be read its fault."""
        kind, _, path = item.partition(':')
        try:
            return READERS[kind](path)
        except (DataError, FileNotFoundError) as error:
            return {'fault': str(error)}


class Scanner:
    """Reads files once, and again where size or time changed.

    Args:
        cache (str | Path, optional): JSON file that keeps the facts between
            runs; a damaged one is ignored. Defaults to None: nothing is
            kept.
        num_workers (int, optional): Processes. Defaults to None: as many as
            there are cores, at most 8, and none for a few files.
    """

    def __init__(
        self, cache: str | Path | None = None, num_workers: int | None = None
    ):
        self.cache = None if cache is None else Path(cache)
        self.num_workers = num_workers
        self.read = self.known = 0
        self._facts = {} if self.cache is None else _load(self.cache)

    def facts(self, files: Iterable[tuple[str, Path]]) -> dict[tuple, dict]:
        """Facts of files.

        Args:
            files (Iterable[tuple[str, Path]]): Kind (``'image'``,
                ``'annotation'``, ``'mask'``) and path; doubles count once.

        Returns:
            dict[tuple[str, Path], dict]: See ``file_facts.py``; a file that
            cannot be read has ``fault`` alone.
        """
        items = {
            f'{kind}:{Path(path).absolute()}': (kind, path)
            for kind, path in files
        }
        states = {
            item: _state(Path(path)) for item, (_, path) in items.items()
        }
        todo = [item for item in items if not self._is_known(item, states)]
        self.read += len(todo)
        self.known += len(items) - len(todo)
        if todo:
            results, _ = run_items(
                _FactJob(),
                todo,
                num_workers=self._workers(len(todo)),
                title='files checked',
            )
            for item, facts in results.items():
                self._facts[item] = [*states[item], facts]
            self._save()
        return {key: self._facts[item][2] for item, key in items.items()}

    def _is_known(self, item: str, states: dict) -> bool:
        """Whether a file is as it was when it was read."""
        entry = self._facts.get(item)
        return entry is not None and entry[:2] == states[item]

    def _workers(self, count: int) -> int:
        """How many processes to start."""
        if self.num_workers is not None:
            return self.num_workers
        if count < MIN_FILES_FOR_WORKERS:
            return 0
        return min(usable_cores(), 8)

    def _save(self) -> None:
        """Publish what is known of sound files."""
        if self.cache is None:
            return
        sound = {k: v for k, v in self._facts.items() if 'fault' not in v[2]}
        try:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.cache) as file:
                digest = config_digest([FORMAT, sound])
                content = {'digest': digest, 'files': sound}
                file.write(json.dumps(content).encode())
        except OSError as error:
            print(f'NOTE: {self.cache} cannot be written ({error})')


def _state(path: Path) -> list[int]:
    """Size and time of a file, negative where there is none."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return [-1, -1]
    return [stat.st_size, stat.st_mtime_ns]


def _load(path: Path) -> dict[str, list]:
    """Facts of an earlier scan; {} where the file is damaged or foreign."""
    try:
        content = json.loads(path.read_text())
        files = content['files']
        sound = content['digest'] == config_digest([FORMAT, files])
        return dict(files) if sound else {}
    except (OSError, RecursionError, ValueError, TypeError, KeyError):
        return {}
