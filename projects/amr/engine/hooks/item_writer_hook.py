"""Base class of hooks that write one file per image."""

import tempfile
from pathlib import Path

from mmengine.dist import (
    all_gather_object,
    barrier,
    is_main_process,
    master_only,
)
from mmengine.hooks import Hook
from mmengine.runner import Runner

from projects.amr.datasets.images.image_size import image_size
from projects.amr.datasets.transforms.stage_outputs import INPUT_PLACES
from projects.amr.runtime.checkpoints.checkpoint import unwrap_model
from projects.amr.runtime.files.atomic_write import writing
from projects.amr.runtime.files.disk_space import estimate_bytes, require_space
from projects.amr.runtime.files.fingerprint import (
    config_digest,
    model_config_digest,
    note_origin,
    require_origin,
    require_own_folder,
    weights_digest,
    without_keys,
)
from projects.amr.runtime.processes.background_writer import BackgroundWriter


class ItemWriterHook(Hook):
    """Base of hooks that write one item per image in the test loop.

    Each item is complete under its name or absent, and carries a key: the
    digest of the weights, the model's config, the test pipeline and what the
    subclass adds. An item of the same key is finished; any other one is
    made again. Before the loop the folder is tried and ``generation.json``
    written into it, which tells the next run what changed. Items do not
    depend on the number of ranks: each is written by the rank that has its
    image.

    Files are written in threads while the network goes on, see
    :class:`BackgroundWriter`; all are there before metrics are reported. A
    fault of one stops the test at the next item.

    Args:
        out_dir (str, optional): Folder of the items, by default the class's
            ``default_dir`` in the work dir.

    Raises:
        UserError: If the folder cannot be written or holds other files, or
            another run began to write other items there.
        DiskFullError: If the missing items will not fit on its disk.
    """

    priority = 'NORMAL'
    default_dir = 'items'
    items = 'items'  # how messages call them
    suffix = '.npz'

    def __init__(self, out_dir: str | None = None):
        self.out_dir = out_dir

    def before_test(self, runner: Runner) -> None:
        """Compute the key and prepare the folder."""
        self._dir = Path(
            self.out_dir or Path(runner.work_dir) / self.default_dir
        )
        require_own_folder(self._dir, self.suffix)
        barrier()  # none is written to before all have looked
        with writing(self._dir):
            self._dir.mkdir(parents=True, exist_ok=True)
            # Without a name, so that a stop leaves nothing.
            tempfile.TemporaryFile(dir=self._dir).close()
        self._model = unwrap_model(runner.model)
        self._parts = self.key_parts(runner)
        self._key = config_digest(self._parts)
        self._counts = {'made': 0, 'kept': 0}
        self._writer = BackgroundWriter()
        self._announce(runner)
        self._require_space(runner)
        barrier()

    def item_bytes(self, info: dict, height: int, width: int) -> int:
        """Bytes that an image's item will about take, rather too few."""
        raise NotImplementedError

    @master_only
    def _require_space(self, runner: Runner) -> None:
        """Refuse to begin what the disk has no room for."""
        dataset = runner.test_dataloader.dataset
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        missing = [
            info
            for info in infos
            if 'img_id' in info
            and not (self._dir / f'{info["img_id"]}{self.suffix}').exists()
        ]
        needed = estimate_bytes(
            missing, lambda i: self.item_bytes(i, *image_size(i['img_path']))
        )
        what = f'{self.items} of {len(missing):,} images'
        require_space(self._dir, needed, what)

    def key_parts(self, runner: Runner) -> dict[str, str]:
        """Digests of all that the items depend on, by name.

        Weights, model config and test pipeline; the precision, where it is not
        the usual one.
        """
        pipeline = runner.cfg.test_dataloader.dataset.get('pipeline')
        half = getattr(runner.test_loop, 'fp16', False)
        return {
            **({'precision': 'test_cfg.fp16'} if half else {}),
            'weights': weights_digest(self._model),
            'model config': model_config_digest(runner.cfg.model.to_dict()),
            # What is read from these folders is in the items' keys.
            'test pipeline': config_digest(
                without_keys(pipeline, INPUT_PLACES)
            ),
        }

    @master_only
    def _announce(self, runner: Runner) -> None:
        """Say what changed since the folder was last written to."""
        changed = note_origin(self._dir, self._parts)
        if changed:
            runner.logger.info(
                f'{self._dir}: {", ".join(changed)} changed since these '
                f'{self.items} were made; they are redone'
            )

    def _count(self, made: bool) -> None:
        """Count an item that is there: made now, or kept."""
        self._counts['made' if made else 'kept'] += 1

    def after_test_epoch(self, runner, metrics=None) -> None:
        """Finish the files; say how many were made and kept in all ranks."""
        self._writer.close()
        require_origin(self._dir, self._parts)
        counts = all_gather_object(self._counts)
        if is_main_process():
            made, kept = (
                sum(c[key] for c in counts) for key in ('made', 'kept')
            )
            runner.logger.info(
                f'{self.items} in {self._dir}: {made} made, {kept} kept from '
                'an earlier run'
            )
