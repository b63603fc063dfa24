"""Folders of small files."""

from pathlib import Path


def fill(folder: Path, *paths: str) -> Path:
    """Write a byte to each path under a folder, and make its folders."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b'x')
    return folder


def tree(root: Path) -> dict[str, bytes]:
    """Every file's bytes by its path under a folder; links are followed."""
    files = [path for path in sorted(root.rglob('*')) if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}
