"""Archives for the evaluation server of PASCAL VOC."""

import gzip
import io
import tarfile
from pathlib import Path

from projects.amr.datasets import VOCFolder
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.runtime.files.atomic_write import atomic_write, writing
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures import load_label_map
from projects.amr.structures.label_map import label_png

# Competition 6: segmentation, trained on any data but the test set.
FOLDER = 'results/VOC2012/Segmentation/comp6_test_cls'


def write_submission(
    folder: VOCFolder, pred_dir: str | Path, target: str | Path
) -> int:
    """Check the predictions ``<id>.png`` of a split and pack them.

    Every file is written again: palette mode with VOC's colours, nothing but
    the labels. The same predictions give the same bytes. Returns how many
    there are.

    Raises UserError if the target does not end in ``.tar.gz`` or cannot be
    written, DataError if a prediction is missing or damaged, is not of its
    image's size, or has a label that the server does not know; all are
    checked, the first ten are named.
    """
    target = Path(target)
    if not target.name.endswith('.tar.gz'):
        raise UserError(f'the archive must end in .tar.gz, got {target}')
    faults: list[str] = []
    files = {}
    for image_id in show_progress(folder.ids, len(folder.ids), 'predictions'):
        try:
            path = Path(pred_dir, f'{image_id}.png')
            labels, _ = load_label_map(path)
            folder.check_labels(path, image_id, labels, ignored=None)
        except DataError as error:
            faults.append(str(error))
        else:
            files[f'{FOLDER}/{image_id}.png'] = label_png(labels)
    if faults:
        raise DataError(
            f'{len(faults)} of {len(folder.ids)} predictions cannot be '
            f'submitted:\n{list_faults(faults)}\nMake them with tools/test.py '
            'on this split, with its own --out folder'
        )
    with writing(target):
        _write_archive(target, files)
    return len(files)


def _write_archive(target: Path, files: dict[str, bytes]) -> None:
    """Write a tar.gz whose bytes depend on names and contents alone."""
    with (
        atomic_write(target) as stream,
        gzip.GzipFile('', 'wb', fileobj=stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode='w') as archive,
    ):
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(content))
