import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from file_trees import tree
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image
from stops import stopped_at

from projects.amr.datasets.toy_voc import (
    PRESETS,
    ToyVOCSpec,
    class_names,
    draw_sample,
    generate_toy_voc,
    generation,
)
from projects.amr.errors import DataError, StoppedError, UserError
from projects.amr.structures import load_label_map
from projects.amr.structures.voc_palette import voc_palette

REPO = Path(__file__).resolve().parents[2]
TINY = PRESETS['tiny']


@pytest.fixture(scope='module')
def tiny_root(tmp_path_factory) -> Path:
    return generate_toy_voc(tmp_path_factory.mktemp('voc') / 'tiny', TINY)


def test_mmseg_reads_what_was_drawn(tiny_root):
    folders = {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'}
    dataset = BaseSegDataset(
        data_root=str(tiny_root),
        ann_file='ImageSets/Segmentation/train.txt',
        img_suffix='.jpg',
        seg_map_suffix='.png',
        data_prefix=folders,
        metainfo={'classes': ('background', *class_names(TINY.num_classes))},
        pipeline=[LoadImageFromFile(), LoadAnnotations()],
    )
    assert len(dataset) == TINY.num_train
    for index, item in enumerate(dataset):
        sample = draw_sample(TINY, 'train', index)
        error = abs(item['img'][..., ::-1].astype(int) - sample.image)
        assert error.mean() < 5
        assert np.array_equal(item['gt_seg_map'], sample.mask)
        part = tiny_root / f'SegmentationPart/toy_train_{index + 1:06d}.png'
        for path in (item['seg_map_path'], part):
            with Image.open(path) as image:
                assert image.mode == 'P'
                assert image.getpalette() == voc_palette().ravel().tolist()
        assert np.array_equal(load_label_map(part)[0], sample.part)


def test_annotations_name_the_classes_of_the_mask(tiny_root):
    paths = sorted((tiny_root / 'Annotations').iterdir())
    assert len(paths) == TINY.num_train + TINY.num_val
    names = class_names(TINY.num_classes)
    for path in paths:
        root = ElementTree.parse(path).getroot()
        with Image.open(
            tiny_root / 'SegmentationClass' / f'{path.stem}.png'
        ) as image:
            mask = np.asarray(image)
        found = set(np.unique(mask).tolist()) - {0, 255}
        objects = root.findall('object')
        assert {item.findtext('name') for item in objects} == {
            names[label - 1] for label in found
        }
        assert root.findtext('filename') == f'{path.stem}.jpg'
        size = [
            int(root.findtext(f'size/{key}')) for key in ('height', 'width')
        ]
        assert tuple(size) == mask.shape
        for item in objects:
            box = [int(corner.text) for corner in item.find('bndbox')]
            assert 1 <= box[0] <= box[2] <= mask.shape[1]
            assert 1 <= box[1] <= box[3] <= mask.shape[0]
            assert item.findtext('difficult') in ('0', '1')


def test_lists_follow_voc(tmp_path):
    spec = replace(TINY, num_train=2, num_val=1, num_test=1, num_extra=1)
    root = generate_toy_voc(tmp_path / 'set', spec)
    lists = {
        path.stem: path.read_text().split()
        for path in (root / 'ImageSets' / 'Segmentation').iterdir()
    }
    train = ['toy_train_000001', 'toy_train_000002']
    assert lists == dict(
        train=train,
        val=['toy_val_000001'],
        trainval=[*train, 'toy_val_000001'],
        train_aug=[*train, 'toy_train_000003'],
        test=['toy_test_000001'],
    )
    assert len(list((root / 'JPEGImages').iterdir())) == 5


def test_second_run_touches_nothing(tiny_root):
    before = {path: path.stat().st_mtime_ns for path in tiny_root.rglob('*')}
    assert generate_toy_voc(tiny_root, TINY) == tiny_root
    assert before == {
        path: path.stat().st_mtime_ns for path in tiny_root.rglob('*')
    }


def test_worker_count_does_not_matter(tiny_root, tmp_path):
    other = generate_toy_voc(tmp_path / 'other', TINY, 2)
    assert tree(other) == tree(tiny_root)


def test_interrupted_run_goes_on(tiny_root, tmp_path, monkeypatch):
    root, draw = tmp_path / 'set', stopped_at(6, draw_sample)
    monkeypatch.setattr(generation, 'draw_sample', draw)
    with pytest.raises(StoppedError):
        generate_toy_voc(root, TINY)
    assert not (root / 'toyvoc.json').exists()
    with pytest.raises(DataError, match='seed'):
        generate_toy_voc(root, replace(TINY, seed=1))
    (root / 'JPEGImages' / '.x.jpg.abc.tmp').write_bytes(b'half')
    generate_toy_voc(root, TINY)
    assert draw.call_count == 12 + 1
    assert tree(root) == tree(tiny_root)


def test_other_sets_and_foreign_folders_are_refused(tiny_root, tmp_path):
    before = tree(tiny_root)
    with pytest.raises(DataError, match=r'noise: .*16.*3') as error:
        generate_toy_voc(tiny_root, replace(TINY, noise=3, seed=9))
    assert str(tiny_root) in str(error.value)
    assert 'num_train' not in str(error.value)
    assert tree(tiny_root) == before

    (tmp_path / 'mine.txt').write_text('precious')
    with pytest.raises(DataError, match=str(tmp_path)):
        generate_toy_voc(tmp_path, TINY)
    assert tree(tmp_path) == {'mine.txt': b'precious'}

    (tmp_path / 'toyvoc.json').write_text('[]')
    with pytest.raises(DataError, match=r'toyvoc\.json'):
        generate_toy_voc(tmp_path, TINY)


@pytest.fixture
def run_tool(tmp_path, monkeypatch):
    """Run the command line tool in this process."""
    tool = runpy.run_path(
        str(REPO / 'tools/dataset_converters/make_toy_voc.py')
    )

    def run(*args: str) -> Path:
        argv = ['tool', str(tmp_path / 'set'), '--preset=tiny', *args]
        monkeypatch.setattr(sys, 'argv', argv)
        tool['main']()
        return tmp_path / 'set'

    return run


def test_command_line_sets_knobs(run_tool):
    root = run_tool('--set', 'num_val=1', 'size=[40,44]', 'heads=painted_over')
    manifest = json.loads((root / 'toyvoc.json').read_bytes())
    assert ToyVOCSpec(**manifest['spec']) == replace(
        TINY, num_val=1, size=(40, 44), heads='painted_over'
    )
    assert manifest['classes'] == list(class_names(4))
    with pytest.raises(DataError, match='heads'):
        run_tool()


@pytest.mark.parametrize('change', ['noise=999', 'nois=3', 'noise'])
def test_command_line_refuses_wrong_knobs(run_tool, change):
    with pytest.raises(UserError, match='nois') as error:
        run_tool('--set', change)
    assert error.value.exit_code == 2
