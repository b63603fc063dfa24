"""Writing of boundary maps in the test loop."""

from functools import partial

from mmseg.registry import HOOKS

from projects.amr.engine.hooks.item_writer_hook import ItemWriterHook
from projects.amr.errors import DataError
from projects.amr.runtime.files.fingerprint import config_digest, file_digest
from projects.amr.structures import load_boundary_map, save_boundary_map


@HOOKS.register_module()
class BoundaryWriterHook(ItemWriterHook):
    """Write one boundary map per image while an affinity network is tested.

    The map is the model's ``pred_boundary`` (1, h, w) in [0, 1]. Its key is
    that of :class:`ItemWriterHook` with the image's file; a map of the same
    key stays. ``tools/make_pseudo_labels.py`` walks CAMs over these maps.

    Args:
        out_dir (str, optional): Folder of the maps, by default
            ``boundaries`` in the work dir.
    """

    default_dir = 'boundaries'
    items = 'boundary maps'

    def item_bytes(self, info: dict, height: int, width: int) -> int:
        """Bytes of a map of 4 bytes a value, at stride 4."""
        return height * width // 4

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Hand the maps of a batch to the writers."""
        for sample in outputs:
            boundary = sample.pred_boundary.data[0].float().cpu().numpy()
            path = self._dir / f'{sample.img_id}.npz'
            parts = {'run': self._key, 'image': file_digest(sample.img_path)}
            write = partial(_write, path, boundary, config_digest(parts))
            self._writer.submit(write, self._count)


def _write(path, boundary, key: str) -> bool:
    """Save a map, unless one of the same key is there; whether it was."""
    try:
        if load_boundary_map(path)[1] == key:
            return False
    except DataError:
        pass
    save_boundary_map(path, boundary, key)
    return True
