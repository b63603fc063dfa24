"""COCO's class list and data sets."""

from pathlib import Path

import numpy as np
import pytest
from damaged_voc import mask, save_mask, sound_root
from mmengine.config import Config
from mmseg.registry import DATASETS

from projects.amr.datasets.coco.coco import (
    COCO_CATEGORIES,
    COCO_CLASSES,
)
from projects.amr.workflow.preflight.splits import config_splits

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_eighty_categories_with_coco_s_gaps():
    assert len(COCO_CATEGORIES) == len(set(COCO_CATEGORIES.values())) == 80
    gaps = set(range(1, 91)) - set(COCO_CATEGORIES)
    assert gaps == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    assert list(COCO_CATEGORIES) == sorted(COCO_CATEGORIES)
    assert list(COCO_CLASSES[1:]) == list(COCO_CATEGORIES.values())
    names = {1: 'person', 13: 'stop sign', 46: 'wine glass', 62: 'chair'}
    names |= {63: 'couch', 72: 'tv', 80: 'toaster', 90: 'toothbrush'}
    assert names.items() <= COCO_CATEGORIES.items()


@pytest.fixture
def root(tmp_path):
    root = sound_root(tmp_path / 'COCO')
    rows = 'a.jpg,person;toothbrush\nb.jpg,\nc.jpg,cat\nd.jpg,cat\n'
    (root / 'labels.csv').write_text(f'image,labels\n{rows}')
    for image_id in 'abcd':
        save_mask(root, image_id, mask(values=(80,)))
    return root


def test_labels_come_from_the_table(root):
    dataset = DATASETS.build(
        {'type': 'COCOWeakLabelDataset', 'data_root': str(root)}
    )
    assert [dataset[i]['img_id'] for i in range(len(dataset))] == ['a', 'c']
    assert np.flatnonzero(dataset[0]['img_label']).tolist() == [0, 79]
    assert len(dataset[0]['img_label']) == 80


def test_label_maps_know_eighty_classes(root):
    dataset = DATASETS.build(
        {'type': 'COCOLabelMapDataset', 'data_root': str(root)}
    )
    assert len(dataset) == 3
    assert np.flatnonzero(dataset[1]['img_label']).tolist() == [79]


@pytest.mark.parametrize(
    ('name', 'num_classes', 'max_steps'),
    [
        ('cam_r50_coco', 80, {'max_epochs': 5, 'val_interval': 1}),
        ('irnet_r50_coco', None, {'max_epochs': 3}),
        (
            'deeplabv2_r101_coco',
            81,
            {'max_iters': 100_000, 'val_interval': 50_000},
        ),
    ],
)
def test_configs_read_coco_and_end_with_their_schedule(
    root, monkeypatch, name, num_classes, max_steps
):
    monkeypatch.setenv('COCO_ROOT', str(root))
    monkeypatch.setenv('SEED_DIR', str(root / 'SegmentationClass'))
    monkeypatch.setenv('LABEL_DIR', str(root / 'SegmentationClass'))
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    for key in ('train_dataloader', 'test_dataloader'):
        cfg[key].dataset.pipeline = []
    trained = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(trained.metainfo['classes']) == 81
    assert len(trained) == (3 if num_classes == 81 else 2)
    splits, _ = config_splits(str(CONFIGS / f'{name}.py'))
    assert splits
    for split in splits:  # as the check of the data sees them
        assert split.xml_dir is None
        assert split.label_file in (None, root / 'labels.csv')
    tested = DATASETS.build(cfg.test_dataloader.dataset)
    assert tested.metainfo['classes'] == COCO_CLASSES
    head = cfg.model.get('head') or cfg.model.get('decode_head') or {}
    assert head.get('num_classes') == num_classes
    steps = {k: v for k, v in cfg.train_cfg.items() if k != 'type'}
    assert steps == max_steps
    assert cfg.param_scheduler.end == next(iter(max_steps.values()))
