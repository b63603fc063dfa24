"""Exports of labelling tools, written here as their documentation says."""

import json

import pytest
from file_trees import fill

from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.tool_labels import (
    original_name,
    read_tool_labels,
)
from projects.amr.errors import DataError

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
  <image id="0" name="day 1/a.jpg" width="9" height="7">
    <tag label="dog" source="manual"></tag>
    <box label="cat" xtl="1" ytl="1" xbr="3" ybr="3"></box>
    <tag label="dog" source="manual"></tag>
  </image>
  <image id="1" name="b.jpg" width="9" height="7"></image>
</annotations>"""
BOMB = '<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>'


def task(image, *annotations):
    return {'id': 7, 'data': {'image': image}, 'annotations': annotations}


def choices(*names, **more):
    value = {'choices': list(names)}
    return {'result': [{'type': 'choices', 'value': value}], **more}


def test_cvat_tags_and_labels_of_shapes(tmp_path):
    path = tmp_path / 'annotations.xml'
    path.write_text(CVAT)
    found = read_tool_labels(path, 'cvat')
    assert found.images == {'day 1/a.jpg': ('dog', 'cat'), 'b.jpg': ()}
    assert found.classes == ('cat', 'dog')


def test_label_studio_choices(tmp_path):
    path = tmp_path / 'project.json'
    tasks = [
        task('/data/upload/3/0a1b2c3d-a.jpg', choices('dog'), choices('cat')),
        task('/data/local-files/?d=day%201/b.jpg', choices('dog', 'cow')),
        task('s3://bucket/c.png', choices('dog', was_cancelled=True)),
        {'id': 9, 'image': 'd.jpg', 'choice': 'cow'},
        {'id': 9, 'image': 'e.jpg', 'choice': {'choices': ['cow', 'dog']}},
    ]
    path.write_text(json.dumps(tasks))
    found = read_tool_labels(path, 'label-studio')
    assert found.images == {
        'a.jpg': ('cat',),
        'day 1/b.jpg': ('dog', 'cow'),
        'd.jpg': ('cow',),
        'e.jpg': ('cow', 'dog'),
    }
    assert found.left_out == 1


@pytest.mark.parametrize(
    ('value', 'name'),
    [
        ('s3://b/IMG-20240101-WA0001.jpg', 'IMG-20240101-WA0001.jpg'),
        ('s3://b/20240101-dog.jpg', '20240101-dog.jpg'),
        ('photos/IMG-20240101-WA1.jpg', 'photos/IMG-20240101-WA1.jpg'),
        ('/data/upload/1/0a1b2c3d-20240101-a.jpg', '20240101-a.jpg'),
        ('https://h.de/data/upload/1/0a1b2c3d-%C3%BC.jpg', 'ü.jpg'),
        ('https://h.de/20240101-a.jpg?key=1', '20240101-a.jpg'),
        ('s3://b/a#1.jpg', 'a#1.jpg'),
        ('/data/local-files/?d=a%231%2B.jpg', 'a#1+.jpg'),
        ('/data/local-files/?d=upload/1/0a1b2c3d-a', 'upload/1/0a1b2c3d-a'),
        ('s3://b/upload/20240101-a.jpg', '20240101-a.jpg'),
        ('upload/7/0a1b2c3d-a.jpg', 'upload/7/a.jpg'),
    ],
)
def test_names_of_label_studio_are_cut_at_uploads_alone(value, name):
    assert original_name(value) == name


def test_fiftyone_classifications(tmp_path):
    path = tmp_path / 'labels.json'
    content = {
        'classes': ['cat', 'dog'],
        'labels': {
            'a': 1,
            'b': [0, {'label': 1, 'confidence': 0.9}],
            'c': None,
        },
    }
    path.write_text(json.dumps(content))
    found = read_tool_labels(path, 'fiftyone')
    assert found.images == {'a': ('dog',), 'b': ('cat', 'dog')}
    assert found.left_out == 1
    one = {'_cls': 'Classification', 'label': 'cat'}
    sample = {
        'filepath': 'data/x/a.jpg',
        'tags': [],
        'truth': {'_cls': 'Classifications', 'classifications': [one]},
        'boxes': {'_cls': 'Detections', 'detections': [{'label': 'cow'}]},
    }
    path.write_text(json.dumps({'samples': [sample]}))
    assert read_tool_labels(path, 'fiftyone').images == {'x/a.jpg': ('cat',)}


def test_folders_are_classes_and_the_tool_writes_the_label_file(
    tmp_path, output_of
):
    fill(tmp_path / 'photos', 'dog/a.png', 'dog/b.png', 'big cat/a.png')
    words = ('import_labels', 'photos', 'out.csv', '--format', 'folders')
    output_of(*words)
    rows = read_label_table(tmp_path / 'out.csv').rows
    assert {row.image: row.names for row in rows} == {
        'big cat/a.png': ('big cat',),
        'dog/a.png': ('dog',),
        'dog/b.png': ('dog',),
    }
    names = (tmp_path / 'out.classes.txt').read_text().splitlines()
    assert names == ['background', 'big cat', 'dog']
    fill(tmp_path / 'photos', 'c.png')
    assert 'c.png' in output_of(*words, code=3)


def test_folders_of_splits_are_no_classes(tmp_path):
    fill(tmp_path, 'train/dog/a.png', 'train/cat/b.png', 'val/dog/c.png')
    with pytest.raises(DataError, match='train'):
        read_tool_labels(tmp_path, 'folders')
    found = read_tool_labels(tmp_path / 'train', 'folders')
    assert found.classes == ('cat', 'dog')
    (tmp_path / 'train/cat/b.png').rename(tmp_path / 'train/b.png')
    assert read_tool_labels(tmp_path, 'folders').classes == ('train', 'val')


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        ('cvat', 'no xml'),
        ('cvat', BOMB),
        ('cvat', '<annotations><track/></annotations>'),
        ('cvat', CVAT.replace('utf-8', 'utf-99')),
        ('cvat', CVAT.replace('utf-8', 'utf-32')),
        ('cvat', '<annotations><image id="1"/></annotations>'),
        ('cvat', CVAT.replace('b.jpg', 'day 1/a.jpg')),
        ('cvat', CVAT.replace('"cat"', '"cat;dog"')),
        ('cvat', '<annotations/>'),
        ('label-studio', '{}'),
        ('label-studio', '[{"data": {"text": "hello"}}]'),
        ('label-studio', '[{"data": 1, "image": 2}]'),
        ('label-studio', '[{"image": "a.png", "choices": {"choices": [1]}}]'),
        ('label-studio', '[{"image": "a.png", "annotations": [1]}]'),
        ('label-studio', '[{"image": "a.png", "annotations": 1}]'),
        ('fiftyone', '[1]'),
        ('fiftyone', '{"samples": [{"filepath": 3}]}'),
        ('fiftyone', '{"classes": ["a"], "labels": {"x": 1}}'),
        ('fiftyone', '{"samples": [{}]}'),
    ],
)
def test_bad_files_are_named(tmp_path, kind, text):
    path = tmp_path / 'export.txt'
    path.write_text(text)
    with pytest.raises(DataError) as fault:
        read_tool_labels(path, kind)
    assert str(path) in str(fault.value)
    with pytest.raises(DataError):
        read_tool_labels(tmp_path / 'gone', kind)
