"""Ids of photos under any name: unique, reversible, safe in lists."""

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


def test_plain_names_stay_as_they_are():
    assert image_id_of('2007_000032.jpg') == '2007_000032'
    assert image_id_of('zwölf Äpfel, rot.PNG') == 'zwölf Äpfel, rot'
    assert image_id_of('a.b') == 'a.b'


def test_odd_names_survive_lists_and_come_back(tmp_path):
    ids = [image_id_of(path) for path in ODD]
    assert len(set(ids)) == len(ODD)
    for image_id, path in zip(ids, ODD, strict=True):
        assert check_image_id(image_id) is None
        assert path_of_id(image_id) == strip_image_suffix(path)
    (tmp_path / 'list.txt').write_text('\n'.join(ids), encoding='utf-8')
    assert read_id_list(tmp_path / 'list.txt') == ids
    with_suffix = '\n'.join(f'{i}.jpg' for i in ids)
    (tmp_path / 'list.txt').write_text(with_suffix, encoding='utf-8')
    assert read_id_list(tmp_path / 'list.txt') == ids


def test_random_names_survive_too(tmp_path):
    rng = random.Random(0)
    letters = 'ab ./%\\:~"\'\t\r\u0085\u2029üé.jpg' + '\u0308'
    paths = {
        ''.join(rng.choices(letters, k=rng.randint(1, 12)))
        + rng.choice(IMAGE_SUFFIXES)
        for _ in range(2000)
    }
    same = {unicodedata.normalize('NFC', strip_image_suffix(p)) for p in paths}
    ids = sorted({image_id_of(path) for path in paths})
    assert {path_of_id(image_id) for image_id in ids} == same
    assert len(ids) == len(same) > 1500
    (tmp_path / 'list.txt').write_text('\n'.join(ids), encoding='utf-8')
    assert read_id_list(tmp_path / 'list.txt') == ids


def test_unicode_forms_give_one_id():
    forms = {unicodedata.normalize(f, 'Kühe/Ä.jpg') for f in ('NFC', 'NFD')}
    assert len(forms) == 2
    assert len({image_id_of(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ('path', 'rule'),
    [
        ('../a.jpg', 'leads out'),
        ('a/../../b.jpg', 'leads out'),
        ('..', 'leads out'),
        ('/etc/passwd', 'absolute'),
        ('C:/a.jpg', 'absolute'),
        ('', 'empty'),
    ],
)
def test_fault_15_paths_out_of_the_folder_are_told(path, rule):
    assert rule in check_relative(path)


def test_paths_within_the_folder_are_fine():
    for path in ('a.jpg', 'a/b.jpg', '..a/b..jpg', 'a b/C: x.jpg'):
        assert check_relative(path) is None
