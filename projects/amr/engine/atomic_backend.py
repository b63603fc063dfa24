"""Checkpoint files that are complete, on the disk and readable, or absent."""

import os
import shutil
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from projects.amr.engine.checkpoint_file import read_checkpoint
from projects.amr.errors import CheckpointError, UserError
from projects.amr.structures import published

BACKEND = 'amr_atomic'


@register_backend(BACKEND)
class AtomicCheckpointBackend(LocalBackend):
    """Storage backend whose ``put`` publishes a verified checkpoint.

    The bytes go to a temporary name in the same folder, are forced to the
    disk and read back as a strict reader will; then the file is renamed, and
    the folder's entry forced to the disk.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Publish a checkpoint.

        Args:
            obj (bytes): What ``torch.save`` wrote.
            filepath (str | Path): Final name.

        Raises:
            UserError: If it cannot be written; the message tells needed and
                free bytes.
            CheckpointError: If what was written cannot be read back.
        """
        path = Path(filepath)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with published(path) as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
                read_checkpoint(file.name)
            _sync_folder(path.parent)
        except OSError as error:
            raise UserError(
                f'checkpoint {path} cannot be written ({error}): it takes '
                f'{len(obj):,} bytes, {_free_bytes(path.parent):,} are free. '
                'Earlier checkpoints are intact; make room and go on with '
                '--resume'
            ) from None
        except CheckpointError as error:
            raise CheckpointError(
                f'checkpoint {path} was not published, since it cannot be '
                f'read back ({error})'
            ) from None


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk, where the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free_bytes(folder: Path) -> int:
    """Free space of the nearest folder there is."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
