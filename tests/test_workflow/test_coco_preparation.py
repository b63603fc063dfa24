"""prepare_coco on a small set in COCO's format."""

import json

import numpy as np
import pytest
from file_trees import tree
from PIL import Image
from pycocotools import mask as coco
from pycocotools.coco import COCO
from stops import stopped_at

from projects.amr.datasets import COCOLabelMapDataset, COCOWeakLabelDataset
from projects.amr.datasets.coco.coco import COCO_CATEGORIES
from projects.amr.errors import DataError, UserError
from projects.amr.structures import load_label_map
from projects.amr.workflow.data_preparation import coco_preparation
from projects.amr.workflow.data_preparation.coco_preparation import (
    prepare_coco,
)

SIZE = (23, 37)
CATEGORIES = [{'id': k, 'name': v} for k, v in COCO_CATEGORIES.items()]


def box(x, y, width, height):
    """A polygon of COCO's form."""
    right, bottom = x + width, y + height
    return [[x, y, right, y, right, bottom, x, bottom]]


def rle(mask):
    code = coco.encode(np.asfortranarray(mask, np.uint8))
    return {'size': list(SIZE), 'counts': code['counts'].decode()}


def annotations():
    crowd = np.zeros(SIZE, bool)
    crowd[:, 30:] = True
    return [
        (0, 1, box(2, 3, 15, 12), 0),
        (0, 90, box(9, 8, 12, 10) + box(25, 1, 4, 5), 0),
        (0, 44, {'size': list(SIZE), 'counts': [23 * 30, 23 * 7]}, 1),
        (1, 18, rle(crowd), 0),
    ]


@pytest.fixture
def root(tmp_path):
    """Three images a split, the last without an object."""
    root = tmp_path / 'coco'
    (root / 'annotations').mkdir(parents=True)
    for split in ('train', 'val'):
        (root / f'{split}2014').mkdir()
        names = [f'COCO_{split}2014_{i:012d}.jpg' for i in range(3)]
        for name in names:
            Image.new('RGB', SIZE[::-1]).save(root / f'{split}2014' / name)
        content = {
            'images': [
                {'id': 7 + i, 'file_name': n, 'height': 23, 'width': 37}
                for i, n in enumerate(names)
            ],
            'categories': CATEGORIES,
            'annotations': [
                {
                    'id': number,
                    'image_id': 7 + image,
                    'category_id': category,
                    'segmentation': segmentation,
                    'iscrowd': crowd,
                }
                for number, (
                    image,
                    category,
                    segmentation,
                    crowd,
                ) in enumerate(annotations(), 1)
            ],
        }
        path = root / f'annotations/instances_{split}2014.json'
        path.write_text(json.dumps(content))
    return root


def expected(root, item):
    """Mask drawn by pycocotools' own class."""
    api = COCO(str(root / 'annotations/instances_train2014.json'))
    image = next(
        entry for entry in api.imgs.values() if entry['file_name'][:-4] == item
    )
    labels = np.zeros(SIZE, int)
    order = list(COCO_CATEGORIES)
    found = api.getAnnIds(imgIds=image['id'], iscrowd=False)
    for entry in api.loadAnns(found):
        inside = api.annToMask(entry) == 1
        labels[inside] = 1 + order.index(entry['category_id'])
    return labels


def test_masks_labels_and_lists(root, tmp_path):
    out = tmp_path / 'out'
    done = prepare_coco(root, out)
    assert done.images == {'train': 3, 'val': 3}
    empty = 'COCO_train2014_000000000002'
    assert done.unlabelled['train'] == [empty]
    lists = out / 'ImageSets/Segmentation'
    assert (lists / 'train_unlabelled.txt').read_text() == f'{empty}\n'
    ids = (lists / 'train.txt').read_text().split()
    assert len(ids) == 3
    for item in ids:
        labels, _ = load_label_map(out / f'SegmentationClass/{item}.png')
        np.testing.assert_array_equal(labels, expected(root, item))
        assert (out / f'JPEGImages/{item}.jpg').is_file()
    first, _ = load_label_map(out / f'SegmentationClass/{ids[0]}.png')
    assert set(np.unique(first)) == {0, 1, 80}

    weak = COCOWeakLabelDataset(data_root=str(out))
    assert [weak[i]['img_id'] for i in range(len(weak))] == ids[:2]
    maps = COCOLabelMapDataset(data_root=str(out))
    for i in range(2):
        np.testing.assert_array_equal(
            weak[i]['img_label'], maps[i]['img_label']
        )


def test_the_same_command_goes_on(root, tmp_path, monkeypatch):
    prepare_coco(root, tmp_path / 'whole')
    out = tmp_path / 'out'
    stopping = stopped_at(3, coco_preparation.draw_instances)
    monkeypatch.setattr(coco_preparation, 'draw_instances', stopping)
    with pytest.raises(BaseException):  # noqa: B017, PT011
        prepare_coco(root, out)
    done = prepare_coco(root, out)
    assert done.masks_made == 4
    assert tree(out) == tree(tmp_path / 'whole')
    assert prepare_coco(root, out).masks_made == 0


def test_faults_name_the_file(root, tmp_path):
    image = root / 'val2014/COCO_val2014_000000000001.jpg'
    image.unlink()
    with pytest.raises(DataError, match=image.name):
        prepare_coco(root, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    path = root / 'annotations/instances_train2014.json'
    content = json.loads(path.read_text())
    content['categories'][4]['name'] = 'plane'
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match='plane'):
        prepare_coco(root, tmp_path / 'out')


def test_masks_of_others_are_left_alone(root, tmp_path):
    masks = tmp_path / 'out/SegmentationClass'
    masks.mkdir(parents=True)
    (masks / 'a.png').write_bytes(b'mine')
    with pytest.raises(UserError, match=r'a\.png'):
        prepare_coco(root, tmp_path / 'out')
    assert tree(masks) == {'a.png': b'mine'}
