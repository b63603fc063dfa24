import json
import unicodedata

import pytest

from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    read_label_file,
)
from projects.amr.errors import DataError


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding='utf-8')
    return path


def test_rows_know_their_line_image_and_names(tmp_path):
    path = write(
        tmp_path,
        'a.csv',
        'image,labels\n\n"with,comma.jpg",dog; cat\n./sub\\b.png,\n',
    )
    table = read_label_table(path)
    assert table.columns is None
    assert [(r.where, r.image, r.names) for r in table.rows] == [
        (f'{path}:3', 'with,comma.jpg', ('dog', 'cat')),
        (f'{path}:4', 'sub/b.png', ()),
    ]
    table = read_label_table(
        write(tmp_path, 'a.csv', 'image, dog ,cat\nx,0,1\n')
    )
    assert table.columns == ('dog', 'cat')
    assert table.rows[0].names == ('cat',)


def test_equal_json_keys_stay_two_rows(tmp_path):
    path = write(tmp_path, 'a.json', '{"x": ["dog"], "x": []}')
    assert [r.names for r in read_label_table(path).rows] == [('dog',), ()]
    with pytest.raises(DataError, match="'x' occurs twice"):
        read_label_file(path, ClassNames(['dog']))


def test_all_text_is_compared_in_one_unicode_form(tmp_path):
    text = 'image,labels\nKühe.jpg,Äpfel\n'
    path = write(tmp_path, 'a.csv', unicodedata.normalize('NFD', text))
    names = ClassNames([unicodedata.normalize('NFC', 'Äpfel')])
    want = {unicodedata.normalize('NFC', 'Kühe'): {0}}
    assert read_label_file(path, names) == want


@pytest.mark.parametrize(
    ('name', 'text', 'words'),
    [
        ('a.csv', '', 'no header'),
        ('a.csv', 'x.jpg,dog\ny.jpg,cat\n', 'header is missing'),
        ('a.csv', 'image,dog,\nx,1,\n', 'first line'),
        ('a.csv', 'image,labels,width\nx,dog,3\n', 'no further columns'),
        ('a.csv', 'image,label\nx,dog\n', 'called `labels`'),
        ('a.csv', 'image,labels\nx,dog,cat\n', r':2: 3 columns.*dog\|sofa'),
        ('a.csv', 'image;labels\nx;dog;cat\n', r':2: 3 columns.*"dog;sofa"'),
        ('a.csv', 'image,labels\n"x,dog\n', 'not readable'),
        ('a.json', '{"x": {"dog": 1}}', 'list of names'),
        ('a.json', '[' * 100000, 'not readable'),
    ],
)
def test_files_that_break_a_rule_are_refused(tmp_path, name, text, words):
    with pytest.raises(DataError, match=words):
        read_label_table(write(tmp_path, name, text))


@pytest.mark.parametrize(
    ('text', 'encoding'),
    [
        ('image;labels\r\nTür.jpg;"dog;cat"\r\nb.png;cat\r\n', 'utf-8-sig'),
        ('image\tlabels\r\nTür.jpg\tdog;cat\r\nb.png\tcat\r\n', 'utf-16'),
        ('Image,Labels\rTür.jpg,dog|cat\rb.png,cat\r', 'utf-8'),
        ('image;dog;cat\nTür.jpg;1;1\nb.png;0;1\n', 'utf-8'),
    ],
)
def test_what_spreadsheets_write_is_read_alike(tmp_path, text, encoding):
    path = tmp_path / 'a.csv'
    path.write_bytes(text.encode(encoding))
    rows = read_label_table(path).rows
    assert [(r.image, r.names) for r in rows] == [
        ('Tür.jpg', ('dog', 'cat')),
        ('b.png', ('cat',)),
    ]


def test_another_encoding_is_never_guessed(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes('image,labels\nTür.jpg,dog\n'.encode('cp1252'))
    with pytest.raises(DataError, match='save it again as "CSV UTF-8"'):
        read_label_table(path)


def test_a_folder_is_no_label_file(tmp_path):
    (tmp_path / 'a.json').mkdir()
    with pytest.raises(DataError, match='not readable'):
        read_label_table(tmp_path / 'a.json')
    path = write(tmp_path, 'b.json', json.dumps({}))
    assert read_label_table(path).rows == ()
