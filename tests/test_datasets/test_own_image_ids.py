"""Image ids in lists, and of photos under any name: unique, reversible."""

import random
import unicodedata

import pytest

from projects.amr.datasets.images.image_ids import (
    check_image_id,
    check_relative,
    image_id_of,
    path_of_id,
    read_id_list,
    strip_image_suffix,
)
from projects.amr.errors import DataError
from projects.amr.runtime.files.image_suffixes import IMAGE_SUFFIXES

ODD = [
    'plain.jpg',
    'day 1/zwölf Äpfel.JPEG',
    'a/b/c.png',
    'a%2Fb.png',
    'a%b.png',
    'trailing .jpg',
    ' leading.jpg',
    '.hidden.jpg',
    'twice.jpg.png',
    'thrice.jpg.png.jpg',
    'with\nline.jpg',
    'with\u2028line.jpg',
    'no\u00a0break.jpg',
    'back\\slash:colon.jpg',
    ' .jpg',
    'dots...jpg',
]


@pytest.fixture
def path(tmp_path):
    """A split list."""
    return tmp_path / 'train.txt'


def test_tolerated_forms_give_plain_ids(path):
    data = '\ufeff2007_000032\r\n\r\n  zwölf Äpfel.JPG \r\na.b\r\n'.encode()
    path.write_bytes(data)
    assert read_id_list(path) == ['2007_000032', 'zwölf Äpfel', 'a.b']


@pytest.mark.parametrize(
    'bad', ['../../etc/passwd', '/abs/x', 'a\\b', 'c:x', '.hidden', 'a\x01b']
)
def test_ids_that_could_leave_the_folder_are_refused(path, bad):
    assert check_image_id(bad)
    path.write_text(f'good\n{bad}\n')
    with pytest.raises(DataError, match=r'(?s)train\.txt.*line 2'):
        read_id_list(path)


@pytest.mark.parametrize('data', [b'', b'\n \n', b'\xff\xfe\x00bad\x81'])
def test_empty_or_binary_list_is_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(DataError, match=r'train\.txt'):
        read_id_list(path)


def test_plain_names_stay_as_they_are():
    assert image_id_of('2007_000032.jpg') == '2007_000032'
    assert image_id_of('zwölf Äpfel, rot.PNG') == 'zwölf Äpfel, rot'
    assert image_id_of('a.b') == 'a.b'


def test_odd_names_survive_lists_and_come_back(path):
    ids = [image_id_of(name) for name in ODD]
    assert len(set(ids)) == len(ODD)
    for image_id, name in zip(ids, ODD, strict=True):
        assert check_image_id(image_id) is None
        assert path_of_id(image_id) == strip_image_suffix(name)
    for suffix in ('', '.jpg'):
        path.write_text('\n'.join(f'{i}{suffix}' for i in ids), 'utf-8')
        assert read_id_list(path) == ids


def test_random_names_survive_too(path):
    rng = random.Random(0)
    letters = 'ab ./%\\:~"\'\t\r\u0085\u2029üé.jpg' + '\u0308'
    paths = {
        ''.join(rng.choices(letters, k=rng.randint(1, 12)))
        + rng.choice(IMAGE_SUFFIXES)
        for _ in range(2000)
    }
    same = {unicodedata.normalize('NFC', strip_image_suffix(p)) for p in paths}
    ids = sorted({image_id_of(name) for name in paths})
    assert {path_of_id(image_id) for image_id in ids} == same
    assert len(ids) == len(same) > 1500
    path.write_text('\n'.join(ids), 'utf-8')
    assert read_id_list(path) == ids


def test_unicode_forms_give_one_id():
    forms = {unicodedata.normalize(f, 'Kühe/Ä.jpg') for f in ('NFC', 'NFD')}
    assert len(forms) == 2
    assert len({image_id_of(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ('name', 'rule'),
    [
        ('../a.jpg', 'leads out'),
        ('a/../../b.jpg', 'leads out'),
        ('..', 'leads out'),
        ('/etc/passwd', 'absolute'),
        ('C:/a.jpg', 'absolute'),
        ('', 'empty'),
    ],
)
def test_fault_15_paths_out_of_the_folder_are_told(name, rule):
    assert rule in check_relative(name)


def test_paths_within_the_folder_are_fine():
    for name in ('a.jpg', 'a/b.jpg', '..a/b..jpg', 'a b/C: x.jpg'):
        assert check_relative(name) is None
