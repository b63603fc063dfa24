"""Digests of files and folders, remembered between runs."""

import hashlib
import json
from pathlib import Path

from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES
from projects.amr.runtime.files.item_progress import show_progress

# What a folder of items consists of; manifests and logs do not count.
ITEM_SUFFIXES = ('.npz', '.xml', '.txt', '.csv', *IMAGE_SUFFIXES)


class DigestCache:
    """SHA-256 of files, computed anew only where size or time changed.

    Args:
        path (Path): File that keeps the digests; a damaged one is ignored.
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
        except (
            ArithmeticError,
            AttributeError,
            OSError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            self._known = {}

    def file(self, path: str | Path) -> str:
        """SHA-256 of a file, '' where there is none."""
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
        """Publish what is known."""
        if self._changed:
            with atomic_write(self.path) as file:
                file.write(json.dumps(self._known).encode())
            self._changed = False


def listing_digest(folder: str | Path) -> str:
    """Digest of the names and sizes in a folder: cheap, for source data.

    Args:
        folder (str | Path): The folder; sub-folders are not entered.

    Returns:
        str: Hexadecimal digest, '' if there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return ''
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(f'{file.name}\0{file.stat().st_size}\n'.encode())
    return digest.hexdigest()
