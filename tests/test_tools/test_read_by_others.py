"""Exports read by the tools' own packages, and theirs read here.

Each test skips where its package is not installed: tools/README.md says with
which versions they were run.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.structures import load_label_map
from projects.amr.structures.label_space import classes_in_mask

COUNT = 20


def needs(module: str, package: str = ''):
    """Skip a test, before anything is exported, without a package."""
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None,
        reason=f'pip install {package or module}',
    )


class Exports:
    """Masks of real photos, and their exports in a folder."""

    def __init__(self, root: Path, folder: Path, tool):
        self.root, self.folder, self.tool = root, folder, tool
        lists = root / 'ImageSets/Segmentation/train.txt'
        self.ids = lists.read_text().split()[:COUNT]
        self.list = folder / 'ids.txt'
        self.list.write_text('\n'.join(self.ids))
        self.where = ('--data-root', root, '--split', self.list)
        self.truth = {
            i: load_label_map(root / f'SegmentationClass/{i}.png')[0]
            for i in self.ids
        }
        self.photos = folder / 'coco/images/train'
        self.photos.mkdir(parents=True)
        for image_id in self.ids:
            shutil.copy(self.photo(image_id), self.photos)
        (folder / 'coco/annotations').mkdir()
        self.run(
            *('export_labels', root / 'SegmentationClass'),
            'coco/annotations/instances_train.json',
            *('--masks', 'cvat', '--label-studio', 'ls.json'),
            *('--fiftyone', '51', *self.where),
        )
        self.coco = folder / 'coco/annotations/instances_train.json'
        categories = json.loads(self.coco.read_text())['categories']
        self.names = ['background', *(c['name'] for c in categories)]

    def photo(self, image_id: str) -> Path:
        return self.root / f'JPEGImages/{image_id}.jpg'

    def run(self, *words) -> None:
        self.tool(*words, cwd=self.folder)

    def label(self, name: str) -> int:
        return 255 if name == 'ignored' else self.names.index(name)

    def weak(self) -> dict[str, set[str]]:
        """Names of each photo's classes."""
        return {
            i: {self.names[k + 1] for k in classes_in_mask(labels)}
            for i, labels in self.truth.items()
        }

    def imported(self, source, kind: str) -> dict[str, set[str]]:
        """What import_labels reads."""
        flags = ('--split', 'train') if kind == 'voc-main' else ()
        self.run('import_labels', source, 'l.csv', '--format', kind, *flags)
        rows = read_label_table(self.folder / 'l.csv').rows
        return {Path(row.image).stem: set(row.names) for row in rows}

    def masks_back(self, source, kind: str) -> dict[str, np.ndarray]:
        """What import_masks makes."""
        shutil.rmtree(self.folder / 'back', ignore_errors=True)
        words = (source, 'back', '--format', kind)
        self.run('import_masks', *words, *self.where)
        paths = (self.folder / 'back').iterdir()
        return {path.stem: load_label_map(path)[0] for path in paths}

    def assert_same(self, found: dict, ignored: bool = True) -> None:
        """Every pixel as in the masks; 255 is background without it."""
        assert found.keys() == self.truth.keys()
        for image_id, labels in self.truth.items():
            want = labels if ignored else np.where(labels == 255, 0, labels)
            np.testing.assert_array_equal(found[image_id], want, image_id)


@pytest.fixture
def exports(voc_sample, tmp_path, output_of):
    return Exports(voc_sample, tmp_path, output_of)


def drawn(exports, image_id: str, regions) -> np.ndarray:
    """Label map of (name, mask) pairs."""
    labels = np.zeros_like(exports.truth[image_id])
    for name, mask in regions:
        labels[mask] = exports.label(name)
    return labels


@needs('datumaro')
def test_fault39_datumaro_reads_coco_and_the_masks_of_cvat(exports):
    import datumaro as dm

    for folder, kind, ignored in (
        ('coco', 'coco_instances', False),
        ('cvat', 'voc_segmentation', True),
    ):
        data = dm.Dataset.import_from(str(exports.folder / folder), kind)
        names = [c.name for c in data.categories()[dm.AnnotationType.label]]
        found = {
            item.id: drawn(
                exports,
                item.id,
                [
                    (names[a.label], a.image.astype(bool))
                    for a in item.annotations
                    if a.type == dm.AnnotationType.mask
                ],
            )
            for item in data
        }
        exports.assert_same(found, ignored)


@needs('datumaro')
def test_fault39_labels_and_masks_of_datumaro_are_read(exports):
    import datumaro as dm

    def dataset(annotations):
        items = [
            dm.DatasetItem(
                image_id,
                subset='train',
                media=dm.Image.from_file(path=str(exports.photo(image_id))),
                annotations=annotations(labels),
            )
            for image_id, labels in exports.truth.items()
        ]
        return dm.Dataset.from_iterable(items, categories=exports.names)

    tags = dataset(
        lambda m: [dm.Label(int(k) + 1) for k in classes_in_mask(m)]
    )
    masks = dataset(
        lambda m: [
            dm.Mask(m == k + 1, label=int(k) + 1, id=int(k) + 1, group=int(k))
            for k in classes_in_mask(m)
        ]
    )
    for data, kind, name, source in (
        (tags, 'cvat', 'cvat', 'train.xml'),
        (tags, 'voc_classification', 'voc-main', 'ImageSets/Main'),
        (masks, 'coco_instances', 'coco', 'annotations/instances_train.json'),
    ):
        folder = exports.folder / f'dm {kind}'
        data.export(str(folder), kind, save_media=False)
        assert exports.imported(folder / source, name) == exports.weak()
    exports.assert_same(exports.masks_back(folder / source, 'coco'), False)


@needs('fiftyone')
def test_fault39_fiftyone_reads_segmentations_and_coco(exports):
    from fiftyone.utils.coco import COCODetectionDatasetImporter
    from fiftyone.utils.data import ImageSegmentationDirectoryImporter

    where = {'data_path': str(exports.photos)}
    masks = exports.folder / '51/labels'
    with ImageSegmentationDirectoryImporter(
        labels_path=str(masks), **where
    ) as data:
        found = {Path(path).stem: s.get_mask() for path, _, s in data}
    exports.assert_same(found)
    with COCODetectionDatasetImporter(
        labels_path=str(exports.coco), label_types='segmentations', **where
    ) as data:
        found = {}
        for path, _, regions in data:
            image_id = Path(path).stem
            labels = np.zeros_like(exports.truth[image_id])
            for region in regions.detections:
                size = np.array(labels.shape[::-1])
                x, y = np.rint(size * region.bounding_box[:2]).astype(int)
                height, width = region.mask.shape
                part = labels[y : y + height, x : x + width]
                part[region.mask] = exports.label(region.label)
            found[image_id] = labels
    exports.assert_same(found, ignored=False)


@needs('fiftyone')
def test_fault39_labels_and_masks_of_fiftyone_are_read(exports):
    import fiftyone
    from fiftyone.utils import data as io

    folder = exports.folder / 'from 51'
    with io.FiftyOneImageClassificationDatasetExporter(
        export_dir=str(folder / 'tags'), export_media=False
    ) as out:
        for image_id, names in exports.weak().items():
            tags = [fiftyone.Classification(label=name) for name in names]
            tags = fiftyone.Classifications(classifications=tags)
            out.export_sample(str(exports.photo(image_id)), tags)
    found = exports.imported(folder / 'tags/labels.json', 'fiftyone')
    assert found == exports.weak()
    with io.ImageSegmentationDirectoryExporter(
        export_dir=str(folder / 'masks'), export_media=False
    ) as out:
        for image_id, labels in exports.truth.items():
            mask = fiftyone.Segmentation(mask=labels)
            out.export_sample(str(exports.photo(image_id)), mask)
    targets = exports.folder / '51/mask_targets.json'
    shutil.copy(targets, folder / 'masks')
    exports.assert_same(exports.masks_back(folder / 'masks', 'fiftyone'))


@needs('label_studio_sdk', 'label-studio-sdk')
def test_fault39_label_studio_reads_brushes_and_writes_them(exports):
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.converter.brush import mask2rle
    from label_studio_sdk.label_interface import LabelInterface

    config = (exports.folder / 'ls.xml').read_text()
    interface = LabelInterface(config)
    interface.validate()
    path = exports.folder / 'ls.json'
    tasks = json.loads(path.read_text())
    for number, task in enumerate(tasks, 1):
        (prediction,) = task.pop('predictions')
        assert not interface.validate_prediction(
            prediction, return_errors=True
        )
        done = {'id': number, 'completed_by': 1, **prediction}
        task |= {'id': number, 'annotations': [done]}
    path.write_text(json.dumps(tasks))
    out = exports.folder / 'arrays'
    out.mkdir()
    converter = Converter(config, str(exports.folder))
    converter.convert(str(path), str(out), 'BRUSH_TO_NUMPY', is_dir=False)
    found = {i: np.zeros_like(m) for i, m in exports.truth.items()}
    for file in out.glob('*.npy'):
        task, label = file.stem.split('-label-')
        image_id = exports.ids[int(task.split('-')[1]) - 1]
        value = exports.label(label.rpartition('-')[0])
        found[image_id][np.load(file) > 0] = value
    exports.assert_same(found)
    # As a person's brush, encoded by Label Studio.
    for image_id, task in zip(exports.ids, tasks, strict=True):
        for part in task['annotations'][0]['result']:
            label = exports.label(part['value']['brushlabels'][0])
            mask = exports.truth[image_id] == label
            part['value']['rle'] = mask2rle(255 * mask.astype(np.uint8))
    path.write_text(json.dumps(tasks))
    exports.assert_same(exports.masks_back(path, 'label-studio'))


def test_fault39_names_of_label_studios_coco_are_found(exports):
    content = json.loads(exports.coco.read_text())
    for image in content['images']:
        image['file_name'] = f'?d=photos/{image["file_name"]}'
    path = exports.folder / 'result.json'
    path.write_text(json.dumps(content))
    exports.assert_same(exports.masks_back(path, 'coco'), ignored=False)
