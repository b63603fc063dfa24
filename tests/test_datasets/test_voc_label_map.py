import shutil

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image

from projects.amr.datasets import VOCFolder
from projects.amr.errors import DataError
from projects.amr.structures import load_label_map, save_label_map
from projects.amr.structures.label_space import classes_in_mask, multi_hot

CLASSES = ('background', 'alvo', 'bimi', 'coru', 'dexa')


def dataset(root, labels='SegmentationClass', **changes):
    return DATASETS.build(
        {
            'type': 'VOCLabelMapDataset',
            'data_root': str(root),
            'data_prefix': {'seg_map_path': str(labels)},
            'metainfo': {'classes': CLASSES},
            'pipeline': [],
            **changes,
        }
    )


@pytest.fixture
def labels(toy_root, tmp_path):
    """Pseudo labels: the masks' columns in reverse order."""
    for image_id in VOCFolder.open(toy_root, 'trainval').ids:
        mask, _ = load_label_map(
            toy_root / f'SegmentationClass/{image_id}.png'
        )
        save_label_map(tmp_path / f'{image_id}.png', mask[:, ::-1].copy())
    return tmp_path


def test_items_name_the_map_and_its_classes(toy_root, labels):
    found = dataset(toy_root, labels)
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    assert [item['img_id'] for item in found] == list(ids)
    for item in found:
        assert item['seg_map_path'] == str(labels / f'{item["img_id"]}.png')
        mask, _ = load_label_map(item['seg_map_path'])
        expected = multi_hot(classes_in_mask(mask), 4)
        np.testing.assert_array_equal(item['img_label'], expected)


def test_missing_maps_stop_training_with_names_and_fix(toy_root, labels):
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    for image_id in ids[1:3]:
        (labels / f'{image_id}.png').unlink()
    with pytest.raises(DataError) as error:
        dataset(toy_root, labels)
    text = str(error.value)
    for part in (
        '2 of 8 images have no label map',
        f'{ids[1]}.png',
        f'{ids[2]}.png',
        'LABEL_DIR',
        'train_aug.txt',
    ):
        assert part in text
    assert f'{ids[0]}.png' not in text


def test_testing_goes_on_without_maps(toy_root, labels):
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    (labels / f'{ids[1]}.png').unlink()
    found = dataset(toy_root, labels, test_mode=True)
    assert len(found) == 8
    assert not found[1]['img_label'].any()
    shutil.rmtree(labels)
    assert len(dataset(toy_root, labels, test_mode=True)) == 8


@pytest.mark.parametrize(
    ('damage', 'words'),
    [
        (lambda m: np.where(m == 0, 7, m), r'values must be 0\.\.4 or 255'),
        (lambda m: m[:-1], r'size \(\d+, \d+\), its image'),
        (lambda m: np.stack([m] * 3, -1), 'got mode RGB'),
        (None, 'is not a readable PNG'),
    ],
)
def test_bad_maps_are_named_before_training(toy_root, labels, damage, words):
    path = labels / f'{VOCFolder.open(toy_root, "train_aug").ids[3]}.png'
    mask, _ = load_label_map(path)
    if damage is None:
        path.write_bytes(b'')
    else:
        Image.fromarray(damage(mask).astype(np.uint8)).save(path)
    with pytest.raises(DataError, match=words) as error:
        dataset(toy_root, labels)
    assert path.name in str(error.value)
    assert '1 of 8 images' in str(error.value)
    unread = dataset(toy_root, labels, check_maps=False)
    assert not any(item['img_label'].any() for item in unread)


def test_an_empty_map_is_fine_and_all_empty_are_not(toy_root, labels):
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    for number, image_id in enumerate(ids, 1):
        path = labels / f'{image_id}.png'
        mask, _ = load_label_map(path)
        save_label_map(path, np.where(mask == 255, 255, 0).astype(np.uint8))
        if number < len(ids):
            assert len(dataset(toy_root, labels)) == 8
    with pytest.raises(DataError, match='all are background'):
        dataset(toy_root, labels)
