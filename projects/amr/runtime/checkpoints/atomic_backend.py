"""Checkpoint files that are complete and readable, or absent."""

import contextlib
import os
import re
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from projects.amr.errors import CheckpointError, DiskFullError, UserError
from projects.amr.runtime.checkpoints.checkpoint_file import read_checkpoint
from projects.amr.runtime.checkpoints.resume import LAST
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.disk_space import free_bytes

BACKEND = 'amr_atomic'


@register_backend(BACKEND)
class AtomicCheckpointBackend(LocalBackend):
    """Storage backend whose ``put`` publishes a verified checkpoint.

    The bytes are written under a temporary name in the same folder, forced to
    the disk and read back strictly; then the file is renamed, and the
    folder's entry forced to the disk.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Publish the bytes that ``torch.save`` wrote.

        Raises DiskFullError if there is no space (needed and free bytes are
        named), UserError if it cannot be written for another reason,
        CheckpointError if it cannot be read back.
        """
        path = Path(filepath)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
                read_checkpoint(file.name)
            handle = os.open(path.parent, os.O_RDONLY)
            try:
                # The rename too; some shared disks cannot do that.
                with contextlib.suppress(OSError):
                    os.fsync(handle)
            finally:
                os.close(handle)
        except (OSError, DiskFullError) as error:
            full = isinstance(error, DiskFullError)
            raise (DiskFullError if full else UserError)(
                f'checkpoint {path} cannot be written ({error}): it takes '
                f'{len(obj):,} bytes, {free_bytes(path.parent):,} are free. '
                'Earlier checkpoints are intact; make room and resume with '
                '--resume'
            ) from None
        except CheckpointError as error:
            raise CheckpointError(
                f'checkpoint {path} was not published, since it cannot be '
                f'read back ({error})'
            ) from None


class LateRemoval:
    """A storage backend that lists files in ``paths`` and removes none."""

    def __init__(self, backend):
        self.backend = backend
        self.paths: list[str] = []

    def remove(self, path: str) -> None:
        """Note a file."""
        self.paths.append(path)

    def __getattr__(self, name: str):
        return getattr(self.backend, name)


def remove_leftovers(folders: set[Path], replaced: list, logger) -> None:
    """Remove half-written and replaced checkpoints of a killed run.

    ``replaced`` are names from a checkpoint; only plain ``.pth`` names count.
    """
    found = []
    for folder in folders:
        found += folder.glob('.*.pth.*.tmp')
        found += folder.glob(f'.{LAST}.*.tmp')
        found += [
            folder / name
            for name in replaced
            if re.fullmatch(r'\w[\w.-]*\.pth', str(name))
            and (folder / name).is_file()
        ]
    for path in found:
        path.unlink(missing_ok=True)
    if found:
        names = ', '.join(path.name for path in found)
        logger.info(f'removed what a killed run left: {names}')
