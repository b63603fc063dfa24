"""Rows 34, 35 and 38 of the table of faults: own photos, through the tools."""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from own_photos import IMPORT, photo_set
from PIL import Image
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from projects.amr.structures import load_label_map
from projects.amr.workflow.launch.own_classes import fit_class_file

RNG = np.random.default_rng(0)
MASKS = ('--mask-dir', 'masks')
# (H, W); with these a random resize left no pixel of the shorter side.
SIZES = [(1, 1000), (2, 1200), (7, 5000), (900, 1), (1, 1), (1, 2)]


@pytest.fixture
def imported(output_of):
    """Import the photos to ``out``; what is printed."""
    return partial(output_of, IMPORT, 'photos', 'l.csv', 'out')


@pytest.fixture
def checked(output_of):
    """Check what was imported; what is printed."""
    flags = ('--train', 'train_aug', '--val', 'val', '--out', 'report.json')
    return partial(output_of, 'check_dataset', '--data-root', 'out', *flags)


def fitted(make, folder):
    """A config of the imported photos and their classes."""
    cfg = make(folder / 'out', folder / make.__name__)
    cfg.class_file = str(folder / 'out/classes.txt')
    cfg.experiment_name = make.__name__
    fit_class_file(cfg)
    return cfg


@pytest.mark.parametrize(
    ('masks', 'labels', 'words'),
    [
        ([(0, 255)] * 3, ['dog'] * 3, 'mask[mask == 255] = 1'),
        ([(0,)] * 3, ['dog'] * 3, 'masks/0.png: dog'),
        ([(1,)] * 3, ['dog', 'dog;cat', 'dog'], 'labels lack a class'),
        ([(1, 2)] * 2, ['dog', 'cat'], 'labels lack a class'),
    ],
)
def test_fault34_contradictions_are_refused_and_accepted(
    imported, checked, tmp_path, masks, labels, words
):
    photo_set(tmp_path, labels, masks=masks)
    assert words in imported(*MASKS, code=3)
    assert not (tmp_path / 'out').exists()
    accept = ['--max-contradictions', '1']
    assert words in imported(*MASKS, *accept)
    assert words.replace('masks/', 'SegmentationClass/') in checked(code=3)
    checked(*accept)
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['max_contradictions'] == 1
    counts = [part['agreement'] for part in report['lists'].values()]
    assert sum(one['contradicting'] for one in counts) > 0
    assert sum(one['compared'] for one in counts) == len(masks)


def test_fault34_a_few_contradictions_are_named(imported, checked, tmp_path):
    masks = [(0, 1)] * 10 + [(0, 255)]
    photo_set(tmp_path, ['dog'] * 11, masks=masks)
    assert 'masks/10.png: dog' in imported(*MASKS)
    assert '10.png: dog' in checked()
    imported(*MASKS, '--max-contradictions', '0', code=3)
    imported(*MASKS, '--max-contradictions', '2', code=2)


@pytest.fixture
def told(monkeypatch):
    """What datasets write to the log."""
    lines = []
    monkeypatch.setattr(
        'projects.amr.datasets.voc.voc_weak_label.print_log',
        lambda text, *_: lines.append(text),
    )
    return lines


def training_set(folder):
    """The training images of a config that is fitted to the import."""
    cfg = fitted(tiny_config, folder)
    return DATASETS.build(cfg.train_dataloader.dataset)


@pytest.mark.parametrize(('rule', 'negative'), [('keep', 3), ('drop', 0)])
def test_fault35_kept_negatives_are_trained_on(
    imported, tmp_path, told, rule, negative
):
    photo_set(tmp_path, ['defect', '', 'defect', '', 'defect', ''])
    text = imported('--no-label', rule)
    assert ('cannot learn' in text) == (rule == 'drop')
    dataset = training_set(tmp_path)
    items = map(dataset.get_data_info, range(len(dataset)))
    labels = [item['img_label'].any() for item in items]
    assert any('cannot learn' in line for line in told) == (rule == 'drop')
    assert sorted(labels) == [False] * negative + [True] * 2


def test_fault35_a_class_on_all_photos_is_told(
    imported, checked, tmp_path, told
):
    photo_set(tmp_path, ['defect'] * 6)
    words = "'defect' is in all 5 training images"
    assert words in imported()
    assert words in checked()
    training_set(tmp_path)
    assert words in told[-1]


@pytest.mark.parametrize(
    ('cells', 'header', 'words'),
    [
        (['1', '0'] * 3, 'labels', 'image,dog,sofa'),
        (['yes', 'no'] * 3, 'Labels', 'image,dog,sofa'),
        (['1', '0'] * 3, 'label', 'image,dog,sofa'),
        (['dog', 'none'] * 3, 'labels', "l.csv:3: 'none'"),
        (['dog', 'nan'] * 3, 'labels', "l.csv:3: 'nan'"),
        (['dog', '-'] * 3, 'labels', "l.csv:3: '-'"),
        (['1', ''] * 3, 'dog', 'must hold 0 or 1'),
    ],
)
def test_fault35_what_is_no_class_is_refused(
    imported, tmp_path, cells, header, words
):
    photo_set(tmp_path, cells, header)
    assert words in imported(code=3)
    assert not (tmp_path / 'out').exists()


def test_fault35_a_class_list_has_the_last_word(imported, tmp_path):
    photo_set(tmp_path, ['dog', 'none'] * 3)
    (tmp_path / 'c.txt').write_text('background\ndog\nnone\n')
    assert 'none: ' in imported('--classes', 'c.txt')


def test_fault38_narrow_images_train_and_get_their_labels(imported, tmp_path):
    dogs, masks = ['dog'] * len(SIZES), [(1,)] * len(SIZES)
    photo_set(tmp_path, dogs, masks=masks, sizes=SIZES)
    imported(*MASKS, '--val-share', '0.2')
    for make in (tiny_config, tiny_segmentor):
        cfg = fitted(make, tmp_path)
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(dataset) == 5
        for index in [*range(len(dataset))] * 20:  # every random step
            assert min(dataset[index]['inputs'].shape) >= 1
    cfg.test_dataloader.dataset.ann_file = (
        'ImageSets/Segmentation/train_aug.txt'
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.test()
    paths = list(Path(runner.work_dir, 'labels').glob('*.png'))
    assert len(paths) == 5
    for path in paths:
        assert load_label_map(path)[0].shape == SIZES[int(path.stem)]


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        (RNG.random((9, 8), np.float32), 'floating-point'),
        (RNG.integers(0, 4096, (9, 8)).astype(np.uint16), '16 bits from'),
        (RNG.integers(0, 99, (9, 8)).astype(np.int32), 'signed integers'),
    ],
)
def test_fault38_values_that_are_no_picture_are_named(
    imported, output_of, tmp_path, values, words
):
    photo_set(tmp_path, ['dog'] * 3)
    (tmp_path / 'photos/1.png').unlink()
    cv2.imwrite(str(tmp_path / 'photos/1.tif'), values)
    told = imported(code=3)
    assert 'photos/1.tif' in told
    assert words in told
    assert 'cannot identify' not in told
    imported('--skip-bad')
    cv2.imwrite(str(tmp_path / 'out/JPEGImages/1.tif'), values)
    (tmp_path / 'all.txt').write_text('0\n1\n2\n')
    check = ['check_dataset', '--data-root', 'out', '--label-file', '../l.csv']
    lists = ['--train', 'all.txt', '--mask-dir', 'none']
    assert words in output_of(*check, *lists, code=3)


def test_fault38_conversions_are_counted_at_import(imported, tmp_path):
    photo_set(tmp_path, ['dog'] * 4)
    photos = tmp_path / 'photos'
    Image.new('RGB', (8, 9)).save(photos / '0.png')
    pages = [Image.effect_noise((8, 9), 99) for _ in range(2)]
    pages[0].save(photos / '1.png', save_all=True, append_images=pages[1:])
    Image.effect_noise((8, 9), 99).convert('RGBA').save(photos / '2.png')
    text = imported()
    for words in (
        'one colour alone:\n  0.png',
        '1 of alpha',
        '1 of further pages',
        '1 of grey',
    ):
        assert words in text
