"""Row 38 of the table of faults: unusual images, through the tools."""

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
# (H, W); with these a random resize left no pixel of the shorter side.
SIZES = [(1, 1000), (2, 1200), (7, 5000), (900, 1), (1, 1), (1, 2)]


@pytest.fixture
def narrow(tool, tmp_path):
    """Config of a classifier and of a segmentor on narrow images."""
    dogs = ['dog'] * len(SIZES)
    photo_set(tmp_path, dogs, masks=[(1,)] * len(SIZES), sizes=SIZES)
    flags = ['--mask-dir', 'masks', '--val-share', '0.2']
    code, _, errors = tool(IMPORT, 'photos', 'l.csv', 'out', *flags)
    assert code == 0, errors
    configs = []
    for make in (tiny_config, tiny_segmentor):
        cfg = make(tmp_path / 'out', tmp_path / make.__name__)
        cfg.class_file = str(tmp_path / 'out/classes.txt')
        cfg.experiment_name = make.__name__
        fit_class_file(cfg)
        configs.append(cfg)
    return configs


def test_fault38_narrow_images_pass_every_random_step(narrow):
    for cfg in narrow:
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(dataset) == 5
        for index in [*range(len(dataset))] * 20:
            sample = dataset[index]
            assert min(sample['inputs'].shape) >= 1


def test_fault38_narrow_images_train_and_get_their_labels(narrow):
    cfg = narrow[1]
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
    tool, tmp_path, values, words
):
    photo_set(tmp_path, ['dog'] * 3)
    (tmp_path / 'photos/1.png').unlink()
    cv2.imwrite(str(tmp_path / 'photos/1.tif'), values)
    arguments = [IMPORT, 'photos', 'l.csv', 'out']
    code, _, errors = tool(*arguments)
    assert code == 3
    assert 'photos/1.tif' in errors
    assert words in errors
    assert 'cannot identify' not in errors
    assert tool(*arguments, '--skip-bad')[0] == 0
    place = tmp_path / 'out/JPEGImages'
    cv2.imwrite(str(place / '1.tif'), values)
    (tmp_path / 'all.txt').write_text('0\n1\n2\n')
    check = ['check_dataset', '--data-root', 'out', '--label-file', '../l.csv']
    code, _, errors = tool(*check, '--train', 'all.txt', '--mask-dir', 'none')
    assert code == 3
    assert words in errors


def test_fault38_conversions_are_counted_at_import(tool, tmp_path):
    photo_set(tmp_path, ['dog'] * 4)
    photos = tmp_path / 'photos'
    Image.new('RGB', (8, 9)).save(photos / '0.png')
    pages = [Image.effect_noise((8, 9), 99) for _ in range(2)]
    pages[0].save(photos / '1.png', save_all=True, append_images=pages[1:])
    Image.effect_noise((8, 9), 99).convert('RGBA').save(photos / '2.png')
    code, text, _ = tool(IMPORT, 'photos', 'l.csv', 'out')
    assert code == 0
    for words in (
        'one colour alone:\n  0.png',
        '1 of alpha',
        '1 of further pages',
        '1 of grey',
    ):
        assert words in text
