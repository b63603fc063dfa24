"""VOC 2012 and SBD from their archives into one devkit folder."""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from scipy.io import loadmat

from projects.amr.datasets.images.image_files import find_image
from projects.amr.datasets.images.image_ids import (
    check_image_id,
    read_id_list,
)
from projects.amr.datasets.images.image_size import image_size
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import write_file
from projects.amr.runtime.files.disk_space import require_space
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures.label_map import load_label_map, save_label_map
from projects.amr.workflow.data_preparation.archives import tar_files

# Sizes of the real lists.
REAL_COUNTS = {'train_aug': 10_582, 'train': 1_464, 'val': 1_449}
LISTS = Path('ImageSets') / 'Segmentation'
# Written when all other files of VOC are in place.
TRAIN_LIST = LISTS / 'train.txt'
AUG_MASKS = 'SegmentationClassAug'
_MASK_BYTES = 8_000  # a mask of SBD as PNG, roughly
_NUM_LABELS = 21  # background and VOC's 20 classes; SBD has no 255


@dataclass
class Preparation:
    """Content of a prepared folder, and the work done for it.

    A file of another content was not written here, since files are complete
    under their name or absent: it is kept and named by :meth:`finish`, or
    replaced with ``overwrite``.
    """

    overwrite: bool = False
    counts: dict[str, int] = field(default_factory=dict)  # images by list
    masks: dict[str, int] = field(default_factory=dict)  # masks by origin
    made: int = 0  # files that were written
    kept: int = 0  # files that were in place
    differing: list[str] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """Lists whose sizes are not those of the real sets."""
        return [
            f'{name} has {self.counts[name]:,} images, the real list '
            f'{number:,}: the archives are not the published ones, and '
            'results cannot be compared with published ones'
            for name, number in REAL_COUNTS.items()
            if self.counts[name] != number
        ]

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, or find it in place; folders are created."""
        if path.is_file() and self.keep(path, path.read_bytes() == content):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
        self.made += 1

    def keep(self, path: Path, same: bool) -> bool:
        """Return whether a file that exists stays; ``same``: it is right."""
        if same:
            self.kept += 1
        elif not self.overwrite:
            self.differing.append(str(path))
        return same or not self.overwrite

    def finish(self, source: str) -> None:
        """End a step; refuse if files were in place with other content."""
        if self.differing:
            raise DataError(
                f'{len(self.differing):,} files are there already and '
                f'differ from {source}:\n{list_faults(self.differing)}\n'
                'They were left as they are: choose another folder, or '
                'replace them with --overwrite'
            )


def prepare_voc(
    root: str | Path,
    voc_tar: str | Path | None,
    sbd_tar: str | Path,
    overwrite: bool = False,
) -> Preparation:
    """Fill a devkit folder: VOC's files, masks with SBD's, training lists.

    ``SegmentationClassAug`` holds VOC's own mask of every image that has one
    and SBD's of the other training images. The lists ``train_aug`` and ``aug``
    are written last. Interrupted, the same call resumes; the result does not
    depend on interruptions. No other process may work in the folder. Without
    ``voc_tar`` the folder must hold VOC already; ``overwrite`` replaces files
    that differ.

    Raises DataError if an archive breaks a rule, something is missing in it,
    or the folder holds other files under the names wanted; DiskFullError if
    there is not enough room.
    """
    root, done = Path(root), Preparation(overwrite)
    for path in root.rglob('.*.tmp'):  # of a killed process
        path.unlink(missing_ok=True)
    if voc_tar is not None:
        _place_voc(root, voc_tar, done)
    train, val = (
        read_id_list(root / LISTS / f'{name}.txt') for name in ('train', 'val')
    )
    print(f'listing {sbd_tar}', flush=True)
    lists = augmented_lists(train, val, _list_sbd(sbd_tar))
    _require_images(root, lists['train_aug'] + val)
    _place_sbd(root, sbd_tar, lists['aug'], done)
    for image_id in train + val:
        mask = root / 'SegmentationClass' / f'{image_id}.png'
        if not mask.is_file():
            raise DataError(f'mask not found: {mask}. It is part of VOC 2012')
        done.write(root / AUG_MASKS / mask.name, mask.read_bytes())
    for name, ids in lists.items():
        path = root / LISTS / f'{name}.txt'
        if path.is_file() and sorted(read_id_list(path)) == ids:
            done.keep(path, True)  # in any order
        else:
            done.write(path, ''.join(f'{i}\n' for i in ids).encode())
    done.finish('what VOC and SBD give')
    lists = {'train': train, 'val': val, **lists}
    done.counts = {name: len(ids) for name, ids in lists.items()}
    done.masks = {'VOC': len({*train, *val}), 'SBD': len(lists['aug'])}
    return done


def _below(path: PurePosixPath, folder: str) -> Path | None:
    """Path below a folder of the archive, wherever that folder is."""
    if folder not in path.parts[:-1] or path.name.startswith('._'):
        return None
    return Path(*path.parts[path.parts.index(folder) + 1 :])


def _place_voc(root: Path, archive: str | Path, done: Preparation) -> None:
    def files():
        for file in tar_files(archive):
            if (place := _below(file.path, 'VOC2012')) is not None:
                yield place, file

    sizes = {place: file.size for place, file in files()}
    if TRAIN_LIST not in sizes or LISTS / 'val.txt' not in sizes:
        raise DataError(
            f'{archive} has no VOC2012/{LISTS}/train.txt and val.txt: it is '
            "not VOC 2012's trainval archive, or was cut off"
        )
    todo = [s for place, s in sizes.items() if not (root / place).is_file()]
    require_space(root, sum(todo), 'files of VOC 2012', len(todo))
    last = b''  # the list that says that all is in place
    for place, file in show_progress(files(), len(sizes), 'files of VOC 2012'):
        if place == TRAIN_LIST:
            last = file.read()
        else:
            done.write(root / place, file.read())
    done.write(root / TRAIN_LIST, last)
    done.finish(str(archive))


def _list_sbd(archive: str | Path) -> list[str]:
    """Ids of SBD's train and val lists, all of which have a mask."""
    ids, masks = [], set()
    for file in tar_files(archive):
        place = _below(file.path, 'dataset')
        if place in (Path('train.txt'), Path('val.txt')):
            ids += _ids(file.read(), f'{archive}: {place}')
        elif place is not None and place.parent == Path('cls'):
            masks.add(place.stem)
    if not ids:
        raise DataError(
            f'{archive} has no dataset/train.txt and val.txt: it is not '
            "SBD's benchmark.tgz"
        )
    missing = [f'dataset/cls/{i}.mat' for i in ids if i not in masks]
    if missing:
        raise DataError(
            f'{archive} lacks {len(missing):,} of the masks that its lists '
            f'name:\n{list_faults(missing)}'
        )
    return ids


def _ids(content: bytes, name: str) -> list[str]:
    ids = content.decode('utf-8', 'replace').split()
    faults = [f'{i!r} {rule}' for i in ids if (rule := check_image_id(i))]
    if faults:
        raise DataError(f'{name} breaks a rule:\n{list_faults(faults)}')
    return ids


def _require_images(root: Path, ids: Iterable[str]) -> None:
    faults = []
    for image_id in ids:
        try:
            find_image(root / 'JPEGImages', image_id)
        except DataError as error:
            faults.append(str(error))
        annotation = root / 'Annotations' / f'{image_id}.xml'
        if not annotation.is_file():
            faults.append(f'annotation not found: {annotation}')
    if faults:
        raise DataError(
            f'{len(faults):,} images or annotations are missing:\n'
            f'{list_faults(faults)}\nAll are part of VOC 2012 trainval'
        )


def _place_sbd(
    root: Path, archive: str | Path, ids: list[str], done: Preparation
) -> None:
    folder, wanted = root / AUG_MASKS, set(ids)
    todo = sum(not (folder / f'{i}.png').is_file() for i in wanted)
    require_space(root, todo * _MASK_BYTES, 'masks of SBD', todo)
    folder.mkdir(exist_ok=True)
    files = (
        (place.stem, file)
        for file in tar_files(archive)
        if (place := _below(file.path, 'dataset')) is not None
        and place.parent == Path('cls')
        and place.stem in wanted
    )
    for image_id, file in show_progress(files, len(wanted), 'masks of SBD'):
        _place_mask(root, image_id, file.read(), done)


def _place_mask(
    root: Path, image_id: str, content: bytes, done: Preparation
) -> None:
    path = root / AUG_MASKS / f'{image_id}.png'
    key = f'sbd-{hashlib.sha256(content).hexdigest()[:16]}'
    try:
        there, made_from = load_label_map(path)
    except DataError:  # none, or a damaged one
        there, made_from = None, ''
    if made_from == key:
        done.keep(path, True)
        return
    labels = read_sbd_mask(content, f'{image_id}.mat')
    size = image_size(find_image(root / 'JPEGImages', image_id))
    if labels.shape != size:
        raise DataError(
            f'{image_id}.mat of SBD has size {labels.shape}, its image {size}'
        )
    if there is None or not done.keep(path, np.array_equal(there, labels)):
        save_label_map(path, labels, key=key)
        done.made += 1


def augmented_lists(
    train: Iterable[str], val: Iterable[str], sbd: Iterable[str]
) -> dict[str, list[str]]:
    """Training lists of VOC with SBD's annotations, without VOC's val.

    ``train_aug``, all to train on (10,582 of the real sets), and ``aug``,
    those of SBD alone (9,118, which mmseg's configs add to ``train``), sorted.

    Example:
        >>> augmented_lists(['a', 'b'], ['c'], ['b', 'c', 'd'])
        {'train_aug': ['a', 'b', 'd'], 'aug': ['d']}
    """
    train_aug = {*train, *sbd} - set(val)
    return {
        'train_aug': sorted(train_aug),
        'aug': sorted(train_aug - set(train)),
    }


def read_sbd_mask(content: bytes, name: str) -> np.ndarray:
    """Read the class mask in a ``dataset/cls/*.mat`` file of SBD.

    Labels (H, W), uint8, 0..20. Only arrays are read: scipy unpickles nothing.
    Raises DataError if the file is damaged, has another structure than
    ``GTcls.Segmentation``, or a value is outside 0..20.
    """
    try:
        truth = loadmat(io.BytesIO(content), variable_names=['GTcls'])['GTcls']
        mask = np.asarray(truth['Segmentation'].item())
    except Exception as error:  # scipy has no common base of its errors
        raise DataError(
            f'{name} is damaged or has no GTcls.Segmentation ({error!r})'
        ) from None
    if mask.ndim != 2 or not mask.size or mask.dtype.kind not in 'uif':
        raise DataError(
            f'{name}: GTcls.Segmentation must be (H, W) numbers, got '
            f'{mask.dtype} {mask.shape}'
        )
    values = np.unique(mask)
    wrong = values[(values < 0) | (values >= _NUM_LABELS) | (values % 1 != 0)]
    if len(wrong):
        raise DataError(
            f'{name}: classes must be 0..{_NUM_LABELS - 1}, got '
            f'{", ".join(f"{value:g}" for value in wrong[:5])}'
        )
    return mask.astype(np.uint8)
