"""Row 39 of the table of faults: files of other tools, there and back."""

import csv
import json

import numpy as np
import pytest
from own_photos import IMPORT
from PIL import Image
from pycocotools.coco import COCO

from projects.amr.datasets import VOCFolder
from projects.amr.structures import load_label_map, save_label_map

CLASSES = ('background', 'a, "b"', "o'c", 'Äpfel', 'x y')


@pytest.fixture
def root(tmp_path):
    """A devkit folder whose files have suffixes in capitals."""
    root = tmp_path / 'root'
    for name in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
        (root / name).mkdir(parents=True)
    (tmp_path / 'labels').mkdir()
    rng = np.random.default_rng(0)

    for number, suffix in enumerate(('JPG', 'JPEG', 'PNG', 'TIFF')):
        image_id = f'photo {number}'
        noise = rng.integers(0, 256, (9, 8, 3), np.uint8)
        place = root / f'JPEGImages/{image_id}.{suffix}'
        Image.fromarray(noise).save(place)
        labels = rng.choice([0, 1, 2, 3, 4, 255], (9, 8)).astype(np.uint8)
        for folder in (root / 'SegmentationClass', tmp_path / 'labels'):
            save_label_map(folder / f'{image_id}.png', labels).rename(
                folder / f'{image_id}.PNG'
            )

    (root / 'classes.txt').write_text('\n'.join(CLASSES), 'utf-8')
    ids = [f'photo {number}' for number in range(4)]
    (root / 'ImageSets/Segmentation/train.txt').write_text('\n'.join(ids))
    return root


def test_fault39_exports_are_read_and_come_back(output_of, root, tmp_path):
    where = ['--data-root', root, '--split', 'train']
    words = ('labels', 'out.json', *where, '--masks', 'cvat')
    output_of('export_labels', *words)
    coco = COCO(str(tmp_path / 'out.json'))
    coco.info()
    assert [c['name'] for c in coco.cats.values()] == list(CLASSES[1:])
    assert len(coco.loadRes(list(coco.anns.values())).anns) == len(coco.anns)
    # As from a labelling tool, masks come back in RGB.
    for path in (tmp_path / 'cvat/SegmentationClass').iterdir():
        with Image.open(path) as image:
            image.convert('RGB').save(path)
    arguments = ['cvat/SegmentationClass', 'back', '--format', 'colours']
    arguments += ['--palette', 'cvat/labelmap.txt']
    flags = ['--classes', root / 'classes.txt']
    text = output_of('import_masks', *arguments, *flags)
    assert '4 label maps' in text
    for image_id in VOCFolder.open(root, 'train').ids:
        np.testing.assert_array_equal(
            load_label_map(tmp_path / f'back/{image_id}.png')[0],
            load_label_map(tmp_path / f'labels/{image_id}.PNG')[0],
        )
    output_of('import_masks', *arguments, code=2)  # not empty
    (tmp_path / 'p.csv').write_text('background,0,0,0\n')
    arguments[1], arguments[-1] = 'other', 'p.csv'
    assert '4 masks' in output_of('import_masks', *arguments, code=3)
    output_of('import_masks', *arguments[:2], '--format', 'coco', code=2)
    assert not (tmp_path / 'other').exists()


def test_fault39_suffixes_in_capitals_are_found(output_of, root):
    where = ['--data-root', root, '--split', 'train']
    assert 'over 4 images' in output_of('eval_masks', 'labels', *where)
    where = ['--data-root', root, '--train', 'train']
    assert 'without a mask' not in output_of('check_dataset', *where)


def test_fault39_coco_s_weak_labels_are_imported(output_of, root, tmp_path):
    images = sorted(p.name for p in (root / 'JPEGImages').iterdir())
    content = {
        'images': [
            {'id': 10 + number, 'file_name': name}
            for number, name in enumerate(images)
        ],
        'categories': [
            {'id': 3, 'name': 'traffic light'},
            {'id': 1, 'name': 'person'},
            {'id': 9, 'name': 'background'},  # of no annotation
        ],
        'annotations': [
            {'id': 1, 'image_id': 10, 'category_id': 3},
            {'id': 2, 'image_id': 10, 'category_id': 1},
            {'id': 3, 'image_id': 11, 'category_id': 3},
            {'id': 4, 'image_id': 12, 'category_id': 1},
        ],
    }
    (tmp_path / 'i.json').write_text(json.dumps(content))
    words = ('import_labels', 'i.json', 'l.csv', '--format', 'coco')
    assert '4 images, 1 of them without a label' in output_of(*words)
    words = (IMPORT, root / 'JPEGImages', 'l.csv', 'out')
    output_of(*words, '--no-label', 'keep', '--classes', 'l.classes.txt')
    text = (tmp_path / 'out/classes.txt').read_text()
    assert text == 'background\nperson\ntraffic light\n'
    with (tmp_path / 'out/labels.csv').open(newline='') as file:
        labels = {row['image']: row['labels'] for row in csv.DictReader(file)}
    assert [labels[f'photo {k}'] for k in range(4)] == [
        'person;traffic light',
        'traffic light',
        'person',
        '',
    ]


def test_fault39_lists_of_voc_main_are_read(output_of, tmp_path):
    for name, flag in (('dog', ' 1'), ('cat', '-1')):
        lines = f'2008_1 {flag}\n2008_2  0\n'
        (tmp_path / f'{name}_train.txt').write_text(lines)
    (tmp_path / 'c.txt').write_text('background\ndog\ncat\n')
    words = ('.', 'l.csv', '--format', 'voc-main', '--classes', 'c.txt')
    output_of('import_labels', *words, '--no-difficult', '--split', 'train')
    assert (tmp_path / 'l.classes.txt').read_text() == (
        'background\ndog\ncat\n'
    )
    assert (tmp_path / 'l.csv').read_text() == (
        'image,labels\n2008_1,dog\n2008_2,\n'
    )


def test_fault39_what_an_import_passes_over_is_named(
    output_of, root, tmp_path
):
    photos = root / 'JPEGImages'
    (photos / 'scan.jp2').write_bytes(b'x')
    (photos / 'sub').mkdir()
    (photos / 'sub/clip.HEIC').write_bytes(b'x')
    (tmp_path / 'elsewhere').mkdir()
    (photos / 'linked').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'l.csv').write_text('image,labels\nphoto 0,dog\nphoto 1,cat\n')
    text = output_of(IMPORT, photos, 'l.csv', 'out')
    for name in ('scan.jp2', 'sub/clip.HEIC', 'linked'):
        assert f'\n  {name}\n' in text
    empty = tmp_path / 'empty'
    empty.mkdir()
    (empty / 'a.jp2').write_bytes(b'x')
    (empty / 'more').symlink_to(photos)
    text = output_of(IMPORT, empty, 'l.csv', 'other', code=3)
    for name in ('a.jp2', 'more'):
        assert f'\n  {name}' in text
