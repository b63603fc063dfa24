import builtins
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from projects.amr.datasets import VOCFolder
from projects.amr.errors import DataError, MissingDependencyError, UserError
from projects.amr.structures import save_label_map
from projects.amr.workflow.export.cvat_export import (
    export_cvat,
    labelmap_lines,
    unlisted_names,
)
from projects.amr.workflow.export.label_export import (
    LabelFolder,
    coco_annotations,
    export_coco,
)

CLASSES = ('background', 'dog', 'Äpfel')
SIZES = {'a b': (23, 37), 'day%2Fc': (1, 1), 'd': (40, 5)}


@pytest.fixture
def source(tmp_path):
    """Three label maps with holes and 255, two of them own photos."""
    root = tmp_path / 'root'
    (root / 'JPEGImages').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for image_id, size in SIZES.items():
        labels = rng.choice([0, 1, 2, 255], size).astype(np.uint8)
        save_label_map(tmp_path / f'{image_id}.png', labels)
        image = Image.new('RGB', size[::-1])
        image.save(root / 'JPEGImages' / f'{image_id}.PNG')
    (root / 'images.csv').write_text('id,path\na b,a b.JPG\nday%2Fc,day/c\n')
    return LabelFolder(tmp_path, VOCFolder(root, tuple(SIZES), CLASSES))


def test_coco_file_gives_the_same_masks_back(source, tmp_path):
    out = tmp_path / 'out.json'
    images, annotations = export_coco(source, out)
    coco = COCO(str(out))
    assert images == len(coco.imgs) == 3
    assert annotations == len(coco.anns) > 3
    assert {c['id']: c['name'] for c in coco.cats.values()} == {
        1: 'dog',
        2: 'Äpfel',
    }
    names = [image['file_name'] for image in coco.imgs.values()]
    assert names == ['a b.JPG', 'day/c', 'd.PNG']
    for number, image_id in zip(coco.imgs, SIZES, strict=True):
        labels = source.labels(image_id)
        image = coco.imgs[number]
        assert (image['height'], image['width']) == labels.shape
        back = np.zeros_like(labels)
        for item in coco.imgToAnns[number]:
            mask = coco.annToMask(item).astype(bool)
            assert not back[mask].any()
            back[mask] = item['category_id']
            assert item['area'] == mask.sum()
            rows, columns = np.nonzero(mask)
            x, y, width, height = item['bbox']
            assert (x, y) == (columns.min(), rows.min())
            assert x + width == columns.max() + 1
            assert y + height == rows.max() + 1
            assert item['iscrowd'] == 0
            assert isinstance(item['segmentation']['counts'], str)
        np.testing.assert_array_equal(back, np.where(labels < 255, labels, 0))
    before = out.read_bytes()
    export_coco(source, out)
    assert out.read_bytes() == before


def test_annotation_ids_go_on_from_the_first():
    labels = np.array([[0, 2], [1, 255]], np.uint8)
    items = coco_annotations(labels, image=7, first=10)
    assert [(i['id'], i['category_id']) for i in items] == [(10, 1), (11, 2)]
    assert all(item['image_id'] == 7 for item in items)
    assert rle.decode(items[0]['segmentation']).tolist() == [[0, 0], [1, 0]]
    assert coco_annotations(np.full((2, 2), 255, np.uint8), 1, 1) == []


def test_maps_that_are_missing_or_do_not_fit_are_named(source, tmp_path):
    save_label_map(tmp_path / 'd.png', np.full((40, 5), 3, np.uint8))
    with pytest.raises(DataError, match=r'd\.png: .*2 or 255, got .3: 200'):
        export_coco(source, tmp_path / 'out.json')
    save_label_map(tmp_path / 'd.png', np.zeros((5, 40), np.uint8))
    with pytest.raises(DataError, match=r'd\.png'):
        export_coco(source, tmp_path / 'out.json')
    assert not (tmp_path / 'out.json').exists()
    (tmp_path / 'd.png').unlink()
    with pytest.raises(DataError, match=r'1 of 3 .*\n  d'):
        LabelFolder(tmp_path, source.folder)


def test_a_table_that_leaves_the_folder_is_refused(source):
    (source.folder.root / 'images.csv').write_text('id,path\nd,../x.png\n')
    again = LabelFolder(source.label_dir, source.folder)
    with pytest.raises(DataError, match='leads out'):
        export_cvat(again, source.label_dir / 'out')
    assert not (source.label_dir / 'out').exists()


def test_fault_31_missing_pycocotools_says_what_to_do(source, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith('pycocotools'):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(MissingDependencyError, match='pip install') as error:
        export_coco(source, 'out.json')
    assert error.value.exit_code == 4


def test_unwritable_targets_are_told(source, tmp_path):
    with pytest.raises(UserError, match='cannot be written'):
        export_coco(source, tmp_path / 'd.png' / 'out.json')
    with pytest.raises(UserError, match='cannot be written'):
        export_cvat(source, tmp_path / 'd.png' / 'out')


def test_cvat_masks_are_coloured_as_the_label_map_declares(source, tmp_path):
    out = tmp_path / 'cvat'
    assert export_cvat(source, out) == 3
    colours = {}
    for line in (out / 'labelmap.txt').read_text('utf-8').splitlines()[1:]:
        name, colour, parts, actions = line.split(':')
        assert parts == actions == ''
        colours[tuple(map(int, colour.split(',')))] = name
    assert list(colours.values()) == [*CLASSES, 'ignored']
    listed = out / 'ImageSets' / 'Segmentation' / 'default.txt'
    assert listed.read_text() == 'a b\nday/c\nd\n'
    names = dict(enumerate((*CLASSES,))) | {255: 'ignored'}
    for path, image_id in [('a b', 'a b'), ('day/c', 'day%2Fc'), ('d', 'd')]:
        with Image.open(out / 'SegmentationClass' / f'{path}.png') as image:
            rgb = np.array(image.convert('RGB'))
        labels = source.labels(image_id)
        for label in np.unique(labels):
            found = {tuple(map(int, c)) for c in rgb[labels == label]}
            assert {colours[c] for c in found} == {names[int(label)]}


def test_cvat_255_is_declared_or_refused(source, tmp_path):
    out = tmp_path / 'cvat'
    with pytest.raises(DataError, match='pixels of 255') as error:
        export_cvat(source, out, refuse=True)
    assert 'a b' in str(error.value)
    assert not out.exists()
    for image_id in SIZES:
        labels = np.ones(SIZES[image_id], np.uint8)
        save_label_map(tmp_path / f'{image_id}.png', labels)
    for refuse in (True, False):
        export_cvat(source, out, refuse)
        assert 'ignored' not in (out / 'labelmap.txt').read_text()


def test_cvat_replaces_an_earlier_export_and_nothing_else(source, tmp_path):
    out = tmp_path / 'cvat'
    export_cvat(source, out)
    (out / 'SegmentationClass' / 'old.png').write_bytes(b'')
    export_cvat(source, out)
    assert not (out / 'SegmentationClass' / 'old.png').exists()
    (out / 'mine.txt').write_text('mine')
    with pytest.raises(UserError, match='no earlier export'):
        export_cvat(source, out)
    other = tmp_path / 'other'
    (other / 'SegmentationClass').mkdir(parents=True)
    with pytest.raises(UserError, match='no earlier export'):
        export_cvat(source, other)


@pytest.mark.parametrize('name', ['a:b', '#a', 'ignored'])
def test_names_that_a_label_map_cannot_hold_are_refused(name):
    with pytest.raises(DataError, match='cannot hold'):
        labelmap_lines(('background', name), False)


def test_fault39_what_readers_of_coco_need_is_there(source, tmp_path, capsys):
    out = tmp_path / 'out.json'
    export_coco(source, out)
    coco = COCO(str(out))
    coco.info()
    assert 'version: 1.0' in capsys.readouterr().out
    found = [
        {key: item[key] for key in ('image_id', 'category_id', 'segmentation')}
        | {'score': 1.0}
        for item in coco.anns.values()
    ]
    scores = COCOeval(coco, coco.loadRes(found), 'segm')
    scores.evaluate()
    scores.accumulate()
    scores.summarize()
    assert scores.stats[0] == pytest.approx(1.0)
    content = json.loads(out.read_text('ascii'))  # in any system's encoding
    assert content['licenses'] == []
    assert content['categories'][1]['name'] == 'Äpfel'


@pytest.mark.parametrize('name', [' a', 'a ', '#a', 'a/b #'])
def test_fault39_names_that_a_list_cannot_hold_are_told(source, name):
    table = f'id,path\n"d","{name}.png"\n'
    (source.folder.root / 'images.csv').write_text(table)
    again = LabelFolder(source.label_dir, source.folder)
    wanted = [] if name == 'a/b #' else [f'{name}.png']
    assert unlisted_names(again) == wanted
