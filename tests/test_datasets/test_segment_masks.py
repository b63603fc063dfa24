"""Masks without classes: folders of PNGs, id maps, COCO's RLE."""

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco

from projects.amr.datasets.labels.segment_masks import read_segment_masks
from projects.amr.datasets.transforms import LoadSegments, VoteSegments
from projects.amr.errors import DataError
from projects.amr.ops.segment_votes import segment_votes
from projects.amr.structures import save_label_map

SIZE = (23, 37)


@pytest.fixture
def masks():
    rng = np.random.default_rng(0)
    random = rng.random((3, *SIZE)) < 0.4
    return [*random, np.ones(SIZE, bool), np.zeros(SIZE, bool)]


def read(folder, image_id='a', size=SIZE):
    return list(read_segment_masks(folder, image_id, size))


def write_rle(path, masks, **head):
    items = []
    for mask in masks:
        code = coco.encode(np.asfortranarray(mask, np.uint8))
        code['counts'] = code['counts'].decode()
        items.append({'segmentation': code, 'area': int(mask.sum())})
    path.write_text(
        json.dumps({**head, 'annotations': items} if head else items)
    )


def test_folder_of_pngs_as_segment_anything_writes_it(tmp_path, masks):
    (tmp_path / 'a').mkdir()
    for number, mask in enumerate(masks):
        cv2.imwrite(str(tmp_path / f'a/{number}.png'), mask * 255)
    colours = np.zeros((*SIZE, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a/0matting.png'), colours)
    (tmp_path / 'a/metadata.csv').write_text('id,area\n0,5')
    (tmp_path / 'a/._0.png').write_bytes(b'of a Mac')
    np.testing.assert_array_equal(read(tmp_path), masks)


def test_id_map_of_sixteen_bits(tmp_path):
    ids = np.zeros(SIZE, np.uint16)
    ids[:5], ids[7:9, 3:], ids[20:] = 1, 257, 40_000
    cv2.imwrite(str(tmp_path / 'a.png'), ids)
    found = read(tmp_path)
    np.testing.assert_array_equal(found, [ids == v for v in (1, 257, 40_000)])


@pytest.mark.parametrize('head', [{}, {'image': {'file_name': 'a.jpg'}}])
def test_rle_agrees_with_pycocotools(tmp_path, masks, head):
    write_rle(tmp_path / 'a.json', masks, **head)
    np.testing.assert_array_equal(read(tmp_path), masks)


def test_rle_of_plain_numbers(tmp_path, masks):
    flat = masks[0].T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    runs = [0, *runs] if flat[0] else runs
    item = {'segmentation': {'size': SIZE, 'counts': runs}}
    (tmp_path / 'a.json').write_text(json.dumps([item]))
    np.testing.assert_array_equal(read(tmp_path), masks[:1])


@pytest.mark.parametrize(
    'counts', ['', 'zzzz', '0', 'o5', 'PPPP', [5], [-1, 852], [10**15], None]
)
def test_damaged_rle_is_named(tmp_path, counts):
    item = {'segmentation': {'size': SIZE, 'counts': counts}}
    (tmp_path / 'a.json').write_text(json.dumps([item]))
    with pytest.raises(DataError, match='mask 0'):
        read(tmp_path)


@pytest.mark.parametrize('text', ['', '{}', '[1]', '[{"a": 1}]'])
def test_other_json_is_named(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(DataError, match=r'a\.json'):
        read(tmp_path)


def test_masks_must_be_there_once_and_fit(tmp_path, masks):
    with pytest.raises(DataError, match='a'):
        read(tmp_path)
    write_rle(tmp_path / 'a.json', masks)
    for size in ((37, 23), (1, 1)):
        with pytest.raises(DataError, match=r'a\.json'):
            read(tmp_path, size=size)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(DataError, match=r'a\.json'):
        read(tmp_path)
    (tmp_path / 'a.json').unlink()
    with pytest.raises(DataError, match=r'a\.png'):
        read(tmp_path)
    (tmp_path / 'a.png').write_bytes(b'no')
    with pytest.raises(DataError, match=r'a\.png'):
        read(tmp_path)


def test_transforms_load_and_let_the_labels_vote(tmp_path, masks):
    labels = np.zeros(SIZE, np.uint8)
    labels[3:15, 4:20], labels[10:] = 6, 255
    (tmp_path / 'labels').mkdir()
    save_label_map(tmp_path / 'labels/a.png', labels)
    write_rle(tmp_path / 'a.json', masks)
    load = LoadSegments(str(tmp_path / 'labels'), str(tmp_path))
    got = VoteSegments(min_cover=0.3)(load({'img_id': 'a'}))
    want = segment_votes(labels, masks, min_cover=0.3)
    np.testing.assert_array_equal(got['gt_seg_map'], want)
    assert got['seg_fields'] == ['gt_seg_map']
    assert (want != labels).any()
    with pytest.raises(DataError, match=r'b\.png'):
        load({'img_id': 'b'})
    with pytest.raises(ValueError, match='min_share'):
        VoteSegments(min_share=2)
