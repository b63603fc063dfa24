import os
import unicodedata

import pytest
from file_trees import fill

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.images.image_files import find_image, in_any_case
from projects.amr.errors import DataError


@pytest.mark.parametrize(
    'name', ['a b.jpg', 'a b.jpeg', 'a b.PNG', 'a b.Tiff', 'a b.webp']
)
def test_any_image_suffix_is_found(tmp_path, name):
    fill(tmp_path, name, 'a b.txt', 'a b.xml', '.a b.bmp', 'other.jpg')
    assert find_image(tmp_path, 'a b') == tmp_path / name


def test_names_are_equal_in_any_unicode_form(tmp_path):
    decomposed = unicodedata.normalize('NFD', 'Kühe')
    fill(tmp_path, f'{decomposed}.jpg')
    found = find_image(tmp_path, unicodedata.normalize('NFC', 'Kühe'))
    assert found.name == f'{decomposed}.jpg'
    assert find_image(tmp_path, decomposed) == found


def test_masks_are_found_as_images_are(tmp_path):
    decomposed = unicodedata.normalize('NFD', 'Kühe')
    fill(tmp_path, f'{decomposed}.PNG', 'a.PNG', 'b.png', 'b.PNG')
    for name, found in (
        ('Kühe', f'{decomposed}.PNG'),
        ('a', 'a.PNG'),
        ('b', 'b.png'),
        ('c', 'c.png'),
        (60 * '가', f'{60 * "가"}.png'),  # too long in the other form
    ):
        path = tmp_path / f'{unicodedata.normalize("NFC", name)}.png'
        assert in_any_case(path).name == found


def test_two_files_of_one_id_are_both_named(tmp_path):
    fill(tmp_path, 'a.jpg', 'a.png')
    with pytest.raises(DataError, match=r'a\.jpg, a\.png'):
        find_image(tmp_path, 'a')


def test_changes_of_the_folder_are_seen(tmp_path):
    fill(tmp_path, 'a.jpg')
    os.utime(tmp_path, (1e9, 1e9))  # settled long ago, so its list is kept
    assert find_image(tmp_path, 'a').name == 'a.jpg'
    with pytest.raises(DataError, match=r'b\.jpg'):
        find_image(tmp_path, 'b')
    fill(tmp_path, 'b.bmp')
    assert find_image(tmp_path, 'b').name == 'b.bmp'
    (tmp_path / 'b.bmp').rename(tmp_path / 'b.png')
    assert find_image(tmp_path, 'b').name == 'b.png'


def test_missing_broken_and_empty_files_are_named(tmp_path):
    fill(tmp_path)
    (tmp_path / 'gone.png').symlink_to(tmp_path / 'nowhere.png')
    (tmp_path / 'empty.png').touch()
    for name, words in [
        ('none', r'image not found: .*none\.jpg'),
        ('gone', r'gone\.png is a broken link'),
        ('empty', r'empty\.png is an empty file'),
    ]:
        with pytest.raises(DataError, match=words):
            find_image(tmp_path, name)
    with pytest.raises(DataError, match='folder not found'):
        find_image(tmp_path / 'no', 'a')
    with pytest.raises(DataError, match='folder not found'):
        find_image(tmp_path / 'empty.png', 'a')


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    loop = tmp_path / 'JPEGImages'
    loop.symlink_to(loop)
    with pytest.raises(DataError, match=r'JPEGImages cannot be read \('):
        find_image(loop, 'a')


def test_devkit_folders_take_any_suffix(tmp_path):
    fill(tmp_path / 'JPEGImages', 'a b.PNG')
    lists = fill(tmp_path / 'ImageSets' / 'Segmentation')
    (lists / 'train.txt').write_text('a b\n')
    folder = VOCFolder.open(tmp_path, 'train')
    assert folder.image_path('a b').name == 'a b.PNG'
    assert len(folder.classes) == 21
    (tmp_path / 'classes.txt').write_text('background\nKühe\n')
    assert VOCFolder.open(tmp_path, 'train').classes == ('background', 'Kühe')
    own = VOCFolder.open(tmp_path, 'train', ('background', 'x', 'y'))
    assert own.classes == ('background', 'x', 'y')
