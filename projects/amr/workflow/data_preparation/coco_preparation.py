"""COCO 2014 as a folder of VOC's layout: links, lists, labels and masks."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets.coco.coco import COCO_CATEGORIES, COCO_CLASSES
from projects.amr.datasets.labels.class_list import CLASS_FILE
from projects.amr.datasets.labels.coco_labels import (
    read_coco_labels,
    read_coco_lists,
)
from projects.amr.datasets.labels.coco_masks import draw_instances
from projects.amr.datasets.labels.label_file import write_label_table
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import (
    link_file,
    write_file,
    write_lines,
)
from projects.amr.runtime.files.fingerprint import (
    file_digest,
    note_origin,
    require_own_folder,
)
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.structures import (
    finished_label_map,
    save_label_map,
)

SPLITS = ('train', 'val')
_LABEL_OF = {key: i for i, key in enumerate(COCO_CATEGORIES, 1)}


@dataclass
class COCOSplit:
    """Content of one ``instances_*2014.json``."""

    folder: Path  # folder of the images
    labels: dict[str, tuple[str, ...]]  # class names by file name
    images: dict[str, dict]  # entries by id (file name without suffix)
    annotations: dict[int, list[dict]]  # by ``image_id``, without crowds
    digest: str  # of the JSON

    @property
    def unlabelled(self) -> list[str]:
        """Ids of images without an object."""
        names = self.labels.items()
        return sorted(Path(file).stem for file, own in names if not own)


@dataclass
class COCOSummary:
    """Files and counts of a preparation."""

    images: dict[str, int]  # by split
    unlabelled: dict[str, list[str]]  # ids by split
    masks_made: int = 0  # masks that were not there


def prepare_coco(coco_root: Path, out_dir: Path) -> COCOSummary:
    """Make the folder that the configs on COCO read.

    ``coco_root`` holds ``train2014``, ``val2014`` and
    ``annotations/instances_{train,val}2014.json``. Then ``JPEGImages`` holds
    links to the images, ``SegmentationClass`` a mask of each image,
    ``ImageSets/Segmentation`` the lists ``train.txt`` and ``val.txt`` and, of
    the images without an object, ``train_unlabelled.txt`` and
    ``val_unlabelled.txt``; ``labels.csv`` has the classes of each image.
    Crowds are left out of labels and masks, and an annotation covers those
    before it, as in the field's published masks (ReCAM's code). Finished masks
    are kept.

    Raises DataError if a file is missing or the categories are not COCO's 80,
    UserError if ``SegmentationClass`` holds other files.
    """
    splits = {name: read_split(coco_root, name) for name in SPLITS}
    masks = out_dir / 'SegmentationClass'
    require_own_folder(masks, '.png')
    lists = out_dir / 'ImageSets' / 'Segmentation'
    for folder in (masks, lists, out_dir / 'JPEGImages'):
        folder.mkdir(parents=True, exist_ok=True)
    note_origin(masks, {name: split.digest for name, split in splits.items()})
    summary = COCOSummary(
        {name: len(split.images) for name, split in splits.items()},
        {name: split.unlabelled for name, split in splits.items()},
    )
    for name, split in splits.items():
        _link_images(split, out_dir / 'JPEGImages')
        write_lines(lists / f'{name}.txt', sorted(split.images))
        write_lines(lists / f'{name}_unlabelled.txt', split.unlabelled)
    labels = {
        k: v for split in splits.values() for k, v in split.labels.items()
    }
    write_label_table(out_dir / 'labels.csv', sorted(labels.items()))
    write_lines(out_dir / CLASS_FILE, COCO_CLASSES)
    for name, split in splits.items():
        job = COCOMaskJob(split, masks)
        items = sorted(split.images)
        _, kept = run_items(job, items, title=f'masks of {name}')
        summary.masks_made += len(items) - kept
    return summary


def read_split(coco_root: Path, name: str) -> COCOSplit:
    """Read ``'train'`` or ``'val'`` and check that its images are there.

    Raises DataError if the JSON, its categories or an image breaks a rule.
    """
    path = coco_root / 'annotations' / f'instances_{name}2014.json'
    lists = read_coco_lists(path)
    found = read_coco_labels(path, with_crowds=False, lists=lists)
    categories = {item['id']: item['name'] for item in lists[2]}
    if categories != COCO_CATEGORIES:
        odd = sorted(set(categories.items()) ^ set(COCO_CATEGORIES.items()))
        raise DataError(
            f"{path}: the categories are not COCO's 80:\n"
            f'{list_faults([str(entry) for entry in odd])}\n'
            'For other sets use tools/import_labels.py --format coco'
        )
    folder = coco_root / f'{name}2014'
    images = {Path(item['file_name']).stem: item for item in lists[0]}
    missing = [f for f in found.images if not (folder / f).is_file()]
    if missing:
        raise DataError(
            f'{folder}: {len(missing):,} of {len(images):,} images of '
            f'{path.name} are missing:\n{list_faults(sorted(missing))}'
        )
    annotations = defaultdict(list)
    for item in lists[1]:
        if not item.get('iscrowd'):
            annotations[item['image_id']].append(item)
    return COCOSplit(
        folder, found.images, images, dict(annotations), file_digest(path)
    )


@dataclass
class COCOMaskJob:
    """Makes ``<out_dir>/<id>.png`` of a split, for ``run_items``."""

    split: COCOSplit
    out_dir: Path

    def load(self, item: str) -> bool | None:
        """True where the mask is made of the same JSON, else None."""
        path = self.out_dir / f'{item}.png'
        labels = finished_label_map(path, self.split.digest)
        return None if labels is None else True

    def make(self, item: str) -> bool:
        """Draw and publish one mask."""
        image = self.split.images[item]
        labels = draw_instances(
            str(self.split.folder / item),
            (image['height'], image['width']),
            self.split.annotations.get(image['id'], []),
            lambda found: _LABEL_OF[found['category_id']],
        )
        path = self.out_dir / f'{item}.png'
        save_label_map(path, labels, key=self.split.digest)
        return True


def _link_images(split: COCOSplit, folder: Path) -> None:
    for file in split.labels:
        target, source = folder / file, (split.folder / file).resolve()
        if not target.exists() and not link_file(source, target):
            write_file(target, source.read_bytes())
