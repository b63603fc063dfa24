"""Writing many files into a folder that may hold some of them already."""

from pathlib import Path

from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import atomic_write


class IdempotentWriter:
    """Writes what is missing, keeps what is right, changes nothing else.

    A file that is there with another content was not written here, since
    files are complete under their name or absent: it is left as it is, and
    named in the end.

    Args:
        overwrite (bool): Whether such files are replaced. Defaults to False.
    """

    def __init__(self, overwrite: bool = False):
        self.overwrite = overwrite
        self.made = 0
        self.kept = 0
        self._differing: list[str] = []

    def write(self, path: Path, content: bytes) -> None:
        """Publish a file, or find it there.

        Args:
            path (Path): Its place; folders are made.
            content (bytes): What it must hold.
        """
        if path.is_file() and self.settle(path, path.read_bytes() == content):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(content)
        self.made += 1

    def settle(self, path: Path, same: bool) -> bool:
        """Decide about a file that is there.

        Args:
            path (Path): The file.
            same (bool): Whether it holds what it must.

        Returns:
            bool: Whether it stays; if not, the caller writes it.
        """
        if same:
            self.kept += 1
        elif not self.overwrite:
            self._differing.append(str(path))
        return same or not self.overwrite

    def finish(self, source: str) -> None:
        """End a step.

        Args:
            source (str): What the files come from, for the message.

        Raises:
            DataError: If files were there with another content.
        """
        if self._differing:
            raise DataError(
                f'{len(self._differing):,} files are there already and '
                f'differ from {source}:\n{list_faults(self._differing)}\n'
                'They were left as they are: choose another folder, or '
                'replace them with --overwrite'
            )
