"""Label maps under the names of their photos, and as a COCO file."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_files import in_any_case
from projects.amr.datasets.images.image_ids import check_relative
from projects.amr.datasets.labels.coco_masks import pycocotools_mask
from projects.amr.datasets.own_photos.devkit_layout import read_image_map
from projects.amr.errors import DataError, list_faults
from projects.amr.runtime.files.atomic_write import write_file, writing
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.structures import load_label_map
from projects.amr.structures.label_space import BACKGROUND_LABEL, IGNORE_LABEL

IGNORED = 'ignored'
"""Name of what is 255, in formats that need one."""


class LabelFolder:
    """Label maps ``<id>.png`` of a split, with the names their photos have.

    Raises DataError if label maps are missing; the first ten are named.
    """

    def __init__(self, label_dir: str | Path, folder: VOCFolder):
        self.label_dir = Path(label_dir)
        self.folder = folder
        self._photos = read_image_map(folder.root)
        missing = [i for i in folder.ids if not self.path(i).is_file()]
        if missing:
            raise DataError(
                f'{len(missing)} of {len(folder.ids)} label maps are missing '
                f'in {self.label_dir}:\n{list_faults(missing)}'
            )

    def path(self, image_id: str) -> Path:
        """File of a label map."""
        return in_any_case(self.label_dir / f'{image_id}.png')

    def photo(self, image_id: str) -> str:
        """Name of an image: the user's own path, or that of the file.

        Raises DataError if the table of names leads out of the folder.
        """
        name = self._photos.get(image_id)
        if name is None:
            return self.folder.image_path(image_id).name
        rule = check_relative(name)
        if rule:
            raise DataError(f'{self.folder.root}: photo {name!r} {rule}')
        return name

    def labels(self, image_id: str) -> np.ndarray:
        """Label map (H, W), uint8, of one image.

        Raises DataError if it is not of its image's size, or a label is beyond
        the class list.
        """
        path = self.path(image_id)
        labels, _ = load_label_map(path)
        fix = 'Are they of this data set, and its class list?'
        self.folder.check_labels(path, image_id, labels, fix=fix)
        return labels

    def items(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Id, photo's name and label map of all images; shows progress."""
        ids = self.folder.ids
        for image_id in show_progress(ids, len(ids), 'label maps'):
            yield image_id, self.photo(image_id), self.labels(image_id)


def coco_annotations(labels: np.ndarray, image: int, first: int) -> list[dict]:
    """One COCO annotation per class of a label map (H, W), uint8.

    Background and 255 have none. ``image`` is the image's id, ``first`` that
    of the first annotation. ``category_id`` is the label, ``segmentation`` a
    compressed RLE, ``bbox`` (x, y, width, height) and ``area`` in pixels, all
    instances of a class together.
    """
    coco = pycocotools_mask()
    present = [
        int(label)
        for label in np.unique(labels)
        if label not in (BACKGROUND_LABEL, IGNORE_LABEL)
    ]
    annotations = []
    for number, label in enumerate(present, first):
        rle = coco.encode(np.asfortranarray(labels == label).view(np.uint8))
        annotations.append(
            {
                'id': number,
                'image_id': image,
                'category_id': label,
                'segmentation': {
                    'size': [int(length) for length in rle['size']],
                    'counts': rle['counts'].decode('ascii'),
                },
                'area': int(coco.area(rle)),
                'bbox': [float(value) for value in coco.toBbox(rle)],
                'iscrowd': 0,
            }
        )
    return annotations


def export_coco(source: LabelFolder, out_file: str | Path) -> tuple[int, int]:
    """Write label maps as one COCO file; the same maps give the same bytes.

    Sizes are those of the images as they are shown, turned by their EXIF
    orientation. Returns how many images and annotations it holds.

    Raises DataError if a label map breaks a rule, UserError if the file cannot
    be written, MissingDependencyError if pycocotools is not installed.
    """
    images, annotations = [], []
    for number, (_, photo, labels) in enumerate(source.items(), 1):
        height, width = labels.shape
        images.append(
            {
                'id': number,
                'file_name': photo,
                'height': height,
                'width': width,
            }
        )
        annotations += coco_annotations(labels, number, len(annotations) + 1)
    content = {
        'info': {
            'description': 'Label maps, one annotation a class and image',
            'url': '',
            'version': '1.0',
            'year': 0,  # no date: the same maps give the same bytes
            'contributor': '',
            'date_created': '',
        },
        'licenses': [],
        'images': images,
        'annotations': annotations,
        'categories': [
            {'id': label, 'name': name, 'supercategory': ''}
            for label, name in enumerate(source.folder.classes)
            if label != BACKGROUND_LABEL
        ],
    }
    with writing(out_file):
        # ASCII, since readers open it in the encoding of their system.
        write_file(out_file, json.dumps(content))
    return len(images), len(annotations)
