"""Every config says what it is, builds, and changes what its name says."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmseg.registry import DATASETS, METRICS, MODELS

from projects.amr.engine.launch import allow_mmseg_bases
from projects.amr.engine.pretrained import drop_pretrained, find_pretrained
from projects.amr.models import AMR, CAM

CONFIGS = Path(__file__).parents[1] / 'configs'
CLASSIFIERS = sorted(
    path
    for path in CONFIGS.rglob('*.py')
    if not {'_base_', 'pipelines'} & set(path.parts)
    and path.name.startswith(('cam_', 'amr_'))
)
NAMES = [str(path.relative_to(CONFIGS)) for path in CLASSIFIERS]


def test_the_promised_configs_are_there():
    assert {'amr_r50_voc.py', 'amr_r50_voc_release.py', 'cam_r50_voc.py'} <= (
        set(NAMES)
    )
    assert any(name.startswith('toy/') for name in NAMES)


@pytest.mark.parametrize('path', CLASSIFIERS, ids=NAMES)
def test_config_builds_what_its_name_says(path):
    cfg = Config.fromfile(path)
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    assert type(model) is {'amr': AMR, 'cam': CAM}[path.stem.split('_')[0]]
    backbone = getattr(model, 'compensation', model).backbone
    depth = path.stem.split('_')[1].removeprefix('r')
    assert backbone.depth == int(depth)
    names = cfg.train_dataloader.dataset.get('metainfo', {}).get('classes')
    assert model.num_classes == (len(names) - 1 if names else 20)
    assert DATASETS.get(cfg.train_dataloader.dataset.type)
    for evaluator in cfg.test_evaluator:
        METRICS.build(evaluator)
    assert not cfg.test_dataloader.sampler.round_up


def test_paper_numbers_stand_in_the_paper_config():
    cfg = Config.fromfile(CONFIGS / 'amr_r50_voc.py')
    assert cfg.train_cfg.max_epochs == 8
    assert cfg.train_dataloader.batch_size == 16
    assert cfg.optim_wrapper.optimizer == {
        'type': 'SGD',
        'lr': 0.01,
        'momentum': 0.9,
        'weight_decay': 1e-4,
    }
    assert cfg.model.xi == 0.5
    assert cfg.model.cls_weight == 0.5
    assert cfg.model.loss_cps.loss_weight == 1
    assert len(list(find_pretrained(cfg.model))) == 2


def test_the_branches_differ_only_by_the_modulation():
    for name in ('amr_r50_voc.py', 'toy/amr_r26_toyvoc.py'):
        model = Config.fromfile(CONFIGS / name).model.to_dict()
        plugins = model['compensation']['backbone'].pop('plugins')
        assert plugins[0]['position'] == 'after_conv3'
        assert model['compensation'] == model['spotlight']


def test_release_differs_from_the_paper_by_named_switches():
    paper, release = (
        Config.fromfile(CONFIGS / name).model
        for name in ('amr_r50_voc.py', 'amr_r50_voc_release.py')
    )
    changed = {key for key in release if release.get(key) != paper.get(key)}
    assert changed == {
        'detach_spotlight',
        'spotlight',
        'compensation',
        'loss_cps',
        'test_cfg',
    }


def test_voc_root_comes_from_the_environment(monkeypatch, voc_sample):
    monkeypatch.setenv('VOC_ROOT', str(voc_sample))
    cfg = Config.fromfile(CONFIGS / 'amr_r50_voc.py')
    assert cfg.data_root == str(voc_sample)
    assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 30
    monkeypatch.delenv('VOC_ROOT')
    cfg = Config.fromfile(CONFIGS / 'amr_r50_voc.py')
    assert cfg.data_root == 'data/VOCdevkit/VOC2012'


def test_mmseg_configs_can_be_inherited(tmp_path):
    allow_mmseg_bases()
    child = tmp_path / 'child.py'
    child.write_text(
        "_base_ = 'mmseg::_base_/models/fcn_r50-d8.py'\n"
        'model = dict(decode_head=dict(num_classes=21))\n'
    )
    cfg = Config.fromfile(child)
    assert cfg.model.decode_head.num_classes == 21
    assert cfg.model.backbone.depth == 50


def test_parts_are_registered_in_mmsegs_scope():
    for registry, names in (
        (MODELS, ('AMR', 'CAM', 'AttentionModulation', 'StageModulation')),
        (DATASETS, ('VOCWeakLabelDataset',)),
        (METRICS, ('CAMIoUMetric',)),
    ):
        for name in names:
            assert registry.get(name).__module__.startswith('projects.amr')
            assert name in registry.module_dict
    assert 'VOCWeakLabelDataset' not in ROOT_DATASETS.module_dict
