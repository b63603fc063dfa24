"""Corrected label maps over pseudo labels, in a third folder."""

from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_files import in_any_case
from projects.amr.errors import DataError
from projects.amr.runtime.files.atomic_write import writing
from projects.amr.runtime.files.fingerprint import (
    file_digest,
    note_origin,
    require_own_folder,
)
from projects.amr.structures import (
    finished_label_map,
    load_label_map,
    save_label_map,
)
from projects.amr.structures.label_map import check_palette_order
from projects.amr.workflow.labels.mask_tools import require_inputs


@dataclass
class MergeJob:
    """Writes ``<out_dir>/<id>.png``: the corrected map, or the pseudo label.

    An item is finished when it has the key of the file that it comes from.
    """

    folder: VOCFolder  # images and class names
    pseudo_dir: Path  # pseudo labels
    corrected_dir: Path  # corrected maps, of some images
    out_dir: Path  # another folder

    def prepare(self) -> None:
        """Open the folder.

        Raises UserError if an input is missing, or the folder is an input,
        holds other files or cannot be written, DataError if no image of the
        split has a corrected map.
        """
        inputs = (self.pseudo_dir, self.corrected_dir)
        require_inputs(inputs, self.out_dir)
        kinds = (self._source(item)[0] for item in self.folder.ids)
        if 'corrected' not in kinds:
            raise DataError(
                f'{self.corrected_dir} has no <id>.png of an image of the '
                'split: make it with tools/import_masks.py'
            )
        with writing(self.out_dir):
            require_own_folder(self.out_dir, '.png')
            self.out_dir.mkdir(parents=True, exist_ok=True)
            note_origin(self.out_dir, {'inputs': ' '.join(map(str, inputs))})

    def load(self, item: str) -> str | None:
        """Where a finished item came from."""
        kind, source = self._source(item)
        path, key = self.out_dir / f'{item}.png', file_digest(source)
        return None if finished_label_map(path, key) is None else kind

    def make(self, item: str) -> str:
        """Write one item; returns ``'corrected'`` or ``'pseudo'``."""
        kind, source = self._source(item)
        labels, _ = load_label_map(source)
        if kind == 'corrected':
            check_palette_order(source, labels, len(self.folder.classes))
        self.folder.check_labels(source, item, labels)
        path = self.out_dir / f'{item}.png'
        with writing(path):
            save_label_map(path, labels, key=file_digest(source))
        return kind

    def _source(self, item: str) -> tuple[str, Path]:
        """Which map an item takes."""
        path = in_any_case(self.corrected_dir / f'{item}.png')
        if path.is_file():
            return 'corrected', path
        return 'pseudo', in_any_case(self.pseudo_dir / f'{item}.png')
