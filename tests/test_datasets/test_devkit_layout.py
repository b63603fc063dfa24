import os
from dataclasses import replace
from pathlib import Path

import pytest
from file_trees import tree

from projects.amr.datasets.labels.class_list import folder_classes
from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    read_label_file,
)
from projects.amr.datasets.own_photos import devkit_layout
from projects.amr.datasets.own_photos.devkit_layout import (
    DevkitPlan,
    read_image_map,
    write_devkit,
)
from projects.amr.datasets.own_photos.image_folder import Photo
from projects.amr.errors import DataError, UserError

CLASSES = ('background', 'sofa', 'dog', 'Äpfel')
PHOTOS = (
    Photo('a b', 'a b.JPG', ('dog', 'sofa')),
    Photo('c', 'c.png', ()),
    Photo('day%2Fd', 'day/d.jpeg', ('Äpfel',)),
)


@pytest.fixture
def plan(tmp_path):
    image_dir = tmp_path / 'photos'
    (image_dir / 'day').mkdir(parents=True)
    for photo in PHOTOS:
        (image_dir / photo.path).write_text(photo.path)
    (tmp_path / 'm.png').write_text('mask')
    masks = {'c': tmp_path / 'm.png'}
    return DevkitPlan(image_dir, PHOTOS, CLASSES, frozenset(['a b']), masks)


def test_the_folder_is_a_devkit_that_the_readers_take(plan, tmp_path):
    out = tmp_path / 'out'
    assert write_devkit(out, plan) == (4, 0)
    for place, content in [
        ('JPEGImages/a b.jpg', 'a b.JPG'),
        ('JPEGImages/c.png', 'c.png'),
        ('JPEGImages/day%2Fd.jpeg', 'day/d.jpeg'),
        ('SegmentationClass/c.png', 'mask'),
    ]:
        assert (out / place).is_symlink()
        assert (out / place).read_text() == content
    lists = out / 'ImageSets' / 'Segmentation'
    assert (lists / 'train_aug.txt').read_text() == 'c\nday%2Fd\n'
    assert (lists / 'train.txt').read_text() == 'c\n'
    assert (lists / 'val.txt').read_text() == 'a b\n'
    assert folder_classes(out) == CLASSES
    labels = read_label_file(out / 'labels.csv', ClassNames(CLASSES[1:]))
    assert labels == {'a b': {0, 1}, 'c': set(), 'day%2Fd': {2}}
    assert read_image_map(out) == {p.image_id: p.path for p in PHOTOS}
    assert read_image_map(tmp_path) == {}


def test_without_masks_all_training_images_are_scored(plan, tmp_path):
    lists = replace(plan, masks={}).lists()
    assert lists['train'] == lists['train_aug'] == ['c', 'day%2Fd']
    write_devkit(tmp_path / 'out', replace(plan, masks={}))
    assert not (tmp_path / 'out' / 'SegmentationClass').exists()


def test_copies_hold_the_same_and_are_kept_until_a_photo_changes(
    plan, tmp_path
):
    write_devkit(tmp_path / 'links', plan)
    out = tmp_path / 'copies'
    assert write_devkit(out, plan, copy=True) == (4, 0)
    assert not any(path.is_symlink() for path in out.rglob('*'))
    assert tree(out) == tree(tmp_path / 'links')
    assert write_devkit(out, plan, copy=True) == (0, 4)
    (plan.image_dir / 'c.png').write_text('other')
    os.utime(plan.image_dir / 'c.png', ns=(1, 1))
    assert write_devkit(out, plan, copy=True) == (1, 3)
    assert (out / 'JPEGImages' / 'c.png').read_text() == 'other'
    assert write_devkit(out, plan) == (4, 0)  # links in place of copies


def test_file_systems_without_links_get_copies(plan, tmp_path, monkeypatch):
    def no_links(self, target):
        raise OSError('no links here')

    monkeypatch.setattr(Path, 'symlink_to', no_links)
    assert write_devkit(tmp_path / 'out', plan) == (4, 0)
    assert (tmp_path / 'out/JPEGImages/c.png').read_text() == 'c.png'
    assert write_devkit(tmp_path / 'out', plan) == (0, 4)


def test_a_changed_plan_drops_its_own_files_and_no_other(plan, tmp_path):
    out = tmp_path / 'out'
    write_devkit(out, plan)
    (out / 'JPEGImages' / 'mine.jpg').write_text('mine')
    assert write_devkit(out, plan) == (0, 4)
    (plan.image_dir / 'c.bmp').write_text('c.bmp')
    moved = (Photo('c', 'c.bmp', ('dog',)), PHOTOS[0])
    new = replace(plan, photos=moved, masks={})
    assert write_devkit(out, new) == (1, 1)
    names = {path.name for path in (out / 'JPEGImages').iterdir()}
    assert names == {'a b.jpg', 'c.bmp', 'mine.jpg'}
    assert not list((out / 'SegmentationClass').iterdir())


def test_a_killed_import_is_finished_by_the_next(plan, tmp_path):
    write_devkit(tmp_path / 'whole', plan)
    for stop in range(4):
        out = tmp_path / f'killed{stop}'

        def die(values, stop=stop):
            for number, value in enumerate(values):
                if number == stop:
                    raise KeyboardInterrupt
                yield value

        with pytest.raises(KeyboardInterrupt):
            write_devkit(out, plan, progress=die)
        assert not (out / 'ImageSets/Segmentation/train.txt').exists()
        assert write_devkit(out, plan) == (4 - stop, stop)
        assert tree(out) == tree(tmp_path / 'whole')


def test_folders_of_other_content_are_left_alone(plan, tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    assert write_devkit(out, plan)[0] == 4
    (out / devkit_layout.MARKER).unlink()
    with pytest.raises(DataError, match='holds no earlier import'):
        write_devkit(out, plan)
    with pytest.raises(DataError, match='holds no earlier import'):
        write_devkit(tmp_path / 'm.png', plan)
    with pytest.raises(UserError, match='cannot be written'):
        write_devkit(tmp_path / 'm.png' / 'below', plan)


@pytest.mark.parametrize(
    'data', [b'number,path\n1,a\n', b'id,path\n\xff,a\n', b'id,path\na\n']
)
def test_a_damaged_map_is_named(tmp_path, data):
    (tmp_path / 'images.csv').write_bytes(data)
    with pytest.raises(DataError, match=r'images\.csv is damaged'):
        read_image_map(tmp_path)


def test_a_map_that_leads_out_removes_nothing(plan, tmp_path):
    write_devkit(tmp_path / 'out', plan)
    (tmp_path / 'out/images.csv').write_text('id,path\n../../mine,a.png\n')
    (tmp_path / 'mine.png').write_text('mine')
    with pytest.raises(DataError, match=r'images\.csv is damaged'):
        write_devkit(tmp_path / 'out', plan)
    assert (tmp_path / 'mine.png').exists()
