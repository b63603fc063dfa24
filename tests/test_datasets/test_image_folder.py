import unicodedata

import pytest
from file_trees import fill

from projects.amr.datasets.labels.label_file import LabelRow, LabelTable
from projects.amr.datasets.own_photos.image_folder import (
    Photo,
    apply_no_label,
    list_photos,
    match_rows,
)
from projects.amr.errors import DataError


def table(*rows):
    return LabelTable(
        tuple(
            LabelRow(f'l.csv:{number}', image, tuple(names))
            for number, (image, *names) in enumerate(rows, 2)
        )
    )


PHOTOS = {'a b': 'a b.JPG', 'day 1%2Fc': 'day 1/c.png', 'd': 'd.jpeg'}


def test_photos_of_sub_folders_are_listed_by_id(tmp_path):
    fill(
        tmp_path,
        *PHOTOS.values(),
        'notes.txt',
        'raw.HEIC',
        'README',
        '.hidden.jpg',
        '.cache/e.jpg',
        '__MACOSX/._d.jpeg',
        'masks/a b.png',
    )
    photos, others, unread, links = list_photos(tmp_path, [tmp_path / 'masks'])
    assert photos == PHOTOS
    assert list(photos) == sorted(photos)
    assert others == {'.txt': 1, '.heic': 1, 'none': 1}
    assert (unread, links) == (['raw.HEIC'], [])
    assert 'masks%2Fa b' in list_photos(tmp_path).photos


def test_two_photos_of_one_name_are_both_named(tmp_path):
    fill(tmp_path, 'x/a.jpg', 'x/a.PNG', 'y/a.jpg')
    with pytest.raises(DataError, match=r"'x/a\.PNG' and 'x/a\.jpg'"):
        list_photos(tmp_path)


def test_two_unicode_forms_of_one_name_are_both_told(tmp_path):
    names = [unicodedata.normalize(f, 'Kühe.jpg') for f in ('NFC', 'NFD')]
    fill(tmp_path, *names)
    with pytest.raises(DataError, match='the way it is encoded'):
        list_photos(tmp_path)


def test_names_that_outputs_cannot_bear_are_told(tmp_path):
    fill(tmp_path, f'{"ä" * 101}.jpg')
    with pytest.raises(DataError, match='more than 200 bytes'):
        list_photos(tmp_path)
    fill(tmp_path / 'latin', 'K\udcfche.jpg')  # ü in Latin-1
    with pytest.raises(DataError, match=r"'K\\udcfche\.jpg' is not in UTF-8"):
        list_photos(tmp_path / 'latin')


def test_folders_without_photos_are_told(tmp_path):
    with pytest.raises(DataError, match=r'no image in .*\.jpeg'):
        list_photos(fill(tmp_path, 'a.txt'))
    with pytest.raises(DataError, match='not found'):
        list_photos(tmp_path / 'none')


def test_rows_find_their_photos_with_any_suffix_or_none():
    rows = table(('d.png', 'dog', 'cat', 'dog'), ('day 1/c',), ('a b.JPG',))
    photos, missing = match_rows(PHOTOS, rows)
    assert photos == [
        Photo('a b', 'a b.JPG', ()),
        Photo('d', 'd.jpeg', ('cat', 'dog')),
        Photo('day 1%2Fc', 'day 1/c.png', ()),
    ]
    assert missing == []


def test_rows_without_a_photo_are_counted_and_the_likely_one_named():
    rows = table(('C.png', 'dog'), ('zebra.jpg', 'dog'), ('d.jpeg', 'dog'))
    with pytest.raises(DataError) as error:
        match_rows(PHOTOS, rows)
    text = str(error.value)
    assert "l.csv:2: no image 'C.png' (is it 'day 1/c.png'?)" in text
    assert "l.csv:3: no image 'zebra.jpg'\n" in text
    assert '2 of 3 rows' in text
    assert '--skip-bad' in text
    photos, missing = match_rows(PHOTOS, rows, skip_bad=True)
    assert [photo.image_id for photo in photos] == ['d']
    assert len(missing) == 2
    with pytest.raises(DataError, match='no row'):
        match_rows(PHOTOS, table(('zebra', 'dog')), skip_bad=True)


def test_a_row_is_told_why_its_photo_is_not_there():
    photos = {'a%2Fx': 'a/x.jpg', 'b%2Fx': 'b/x.jpg'}
    rows = table(('x.jpg', 'dog'), ('IMG.HEIC', 'dog'))
    with pytest.raises(DataError) as error:
        match_rows(photos, rows)
    text = str(error.value)
    assert "'x.jpg' (is it 'a/x.jpg' or 'b/x.jpg'?)" in text
    assert "'IMG.HEIC'; .heic is not read, convert it to JPEG or PNG" in text


def test_two_rows_of_one_photo_are_both_named():
    rows = table(('d.jpeg', 'dog'), ('a b', 'cat'), ('d', 'dog'))
    with pytest.raises(DataError, match=r"l\.csv:4: 'd' has .*l\.csv:2"):
        match_rows(PHOTOS, rows, skip_bad=True)


@pytest.mark.parametrize('image', ['../x/d.jpeg', '/d.jpeg', 'a/../../d', ''])
def test_fault_15_rows_that_leave_the_folder_are_refused(image):
    with pytest.raises(DataError, match=r'l\.csv:3'):
        match_rows(PHOTOS, table(('d', 'dog'), (image, 'dog')), True)


def test_fault_17_photos_without_a_label_are_a_matter_of_the_rule():
    photos = [Photo('a', 'a.jpg', ('dog',)), Photo('b', 'sub/b.jpg', ())]
    with pytest.raises(DataError, match=r'1 of 2 .*\n  sub/b\.jpg'):
        apply_no_label(photos, 'error')
    assert apply_no_label(photos, 'keep') == (photos, ['sub/b.jpg'])
    assert apply_no_label(photos, 'drop') == (photos[:1], ['sub/b.jpg'])
    assert apply_no_label(photos[:1], 'error') == (photos[:1], [])
