"""Hostile files: pickles that make a file where they are unpickled."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), 'w')


def pickled_archive(path: Path, marker: Path) -> None:
    """Put a pickled object in the place of one array of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    name = sorted(members)[0]
    file = io.BytesIO()
    np.save(file, np.array([Bomb(marker)], dtype=object), allow_pickle=True)
    members[name] = file.getvalue()
    write_archive(path, members)


def pickled_file(path: Path, marker: Path) -> None:
    """Put a bare pickle in the place of a file."""
    path.write_bytes(pickle.dumps(Bomb(marker)))


def write_archive(path: Path, members: dict[str, bytes]) -> None:
    """Write a zip archive with right checksums."""
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in members.items():
            archive.writestr(name, data)
