import json

import pytest

from projects.amr.datasets.labels.coco_labels import read_coco_labels
from projects.amr.errors import DataError

COCO = {
    'images': [
        {'id': 7, 'file_name': 'b.jpg'},
        {'id': 3, 'file_name': 'a.jpg'},
        {'id': 9, 'coco_url': 'http://images.example/train/c.jpg'},
    ],
    # As COCO's, ids have gaps and need not be in order.
    'categories': [
        {'id': 90, 'name': 'toothbrush'},
        {'id': 1, 'name': 'person'},
        {'id': 18, 'name': 'dog'},
    ],
    'annotations': [
        {'id': 1, 'image_id': 7, 'category_id': 90},
        {'id': 2, 'image_id': 7, 'category_id': 1, 'iscrowd': 0},
        {'id': 3, 'image_id': 7, 'category_id': 1},
        {'id': 4, 'image_id': 9, 'category_id': 18, 'iscrowd': 1},
    ],
}


def write(tmp_path, **changes):
    path = tmp_path / 'instances.json'
    path.write_text(json.dumps({**COCO, **changes}))
    return path


def test_every_image_gets_the_classes_of_its_annotations(tmp_path):
    found = read_coco_labels(write(tmp_path))
    assert found.classes == ('person', 'dog', 'toothbrush')
    assert found.images == {
        'b.jpg': ('person', 'toothbrush'),
        'a.jpg': (),
        'c.jpg': ('dog',),
    }
    found = read_coco_labels(write(tmp_path), with_crowds=False)
    assert found.images['c.jpg'] == ()
    assert found.left_out == 1


@pytest.mark.parametrize(
    'changes',
    [
        {'annotations': [{'image_id': 8, 'category_id': 1}]},
        {'annotations': [{'image_id': 7, 'category_id': 2}]},
        {'annotations': [{'image_id': [7], 'category_id': 1}]},
        {'annotations': None},
        {'images': [{'id': 1}]},
        {'images': [{'id': 1, 'file_name': 'a'}, {'id': 1, 'file_name': 'b'}]},
        {'images': [{'id': 1, 'file_name': 'a'}, {'id': 2, 'file_name': 'a'}]},
        {'categories': [{'id': 1, 'name': 'a'}, {'id': 2, 'name': 'a'}]},
        {'categories': [{'id': 'x', 'name': 'a'}]},
        {'categories': [3]},
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, changes):
    with pytest.raises(DataError, match=r'instances\.json'):
        read_coco_labels(write(tmp_path, **changes))


@pytest.mark.parametrize('text', ['', '[]', '3', '{"images": 1', '[' * 10**5])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(DataError, match=r'a\.json'):
        read_coco_labels(path)
    with pytest.raises(DataError, match=r'gone\.json'):
        read_coco_labels(tmp_path / 'gone.json')
