import json

import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    labels_from_mask,
    labels_from_xml,
    read_label_file,
)
from projects.amr.errors import DataError

NAMES = ClassNames(['cat', 'dog', 'tvmonitor'])


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding='utf-8')
    return path


def test_part_names_inside_objects_are_no_objects(tmp_path):
    text = (
        '<annotation><object><name>cat</name><part><name>head</name></part>'
        '</object></annotation>'
    )
    assert labels_from_xml(write(tmp_path, 'a.xml', text), NAMES) == {0}


def test_mask_classes_are_its_labels_minus_one(tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(np.array([[0, 3], [255, 1]], np.uint8)).save(path)
    assert labels_from_mask(path, NAMES) == {0, 2}
    Image.fromarray(np.array([[4]], np.uint8)).save(path)
    with pytest.raises(DataError, match=r'a\.png.*0\.\.3 or 255, got \{4: 1'):
        labels_from_mask(path, NAMES)
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(path)
    with pytest.raises(DataError, match=r'palette \(P\) or grey'):
        labels_from_mask(path, NAMES)
    path.write_bytes(b'')
    with pytest.raises(DataError, match=r'a\.png'):
        labels_from_mask(path, NAMES)


def test_both_csv_forms_and_json_agree(tmp_path):
    names = write(
        tmp_path,
        'names.csv',
        '\ufeffimage,labels\nzwölf.jpg,cat; dog\nb,tvmonitor|cat\nc,\n',
    )
    flags = write(
        tmp_path,
        'flags.csv',
        'image,cat,dog,tvmonitor\nzwölf,1,1,0\n\nb.PNG,1,0,1\nc,0,0,0\n',
    )
    content = {'zwölf': ['cat', 'dog'], 'b': ['tvmonitor', 'cat'], 'c': []}
    json_file = write(tmp_path, 'labels.json', json.dumps(content))
    want = {'zwölf': {0, 1}, 'b': {0, 2}, 'c': set()}
    for path in (names, flags, json_file):
        assert read_label_file(path, NAMES) == want
