from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import OPTIMIZERS
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor
from torch.optim import SGD

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch import config_agreement
from projects.amr.workflow.launch.config_agreement import settle_config

CONFIGS = Path(__file__).parents[3] / 'configs'
NAMES = [
    'amr_r50_voc.py',
    'amr_r50_voc_release.py',
    'irnet_r50_voc.py',
    'affinitynet_wrn38_voc.py',
    'seam_amr_wrn38_voc.py',
    'deeplabv2_r101_voc.py',
    'deeplabv2_r101_voc_balanced.py',
    'deeplabv2_r101_voc_coco.py',
    'toy/amr_r26_toyvoc.py',
    'toy/irnet_r26_toyvoc.py',
    'toy/affinitynet_wrn38_toyvoc.py',
    'toy/deeplabv2_r26_toyvoc.py',
    'plug_and_play/amr_deit-small_voc.py',
]
ROLES = ('train', 'val', 'test')


@pytest.fixture(scope='module')
def classifier(tmp_path_factory):
    return tiny_config(Path('data'), tmp_path_factory.mktemp('work'))


@pytest.fixture(scope='module')
def segmentor(tmp_path_factory):
    return tiny_segmentor(Path('data'), tmp_path_factory.mktemp('work'))


def changed(cfg, changes) -> Config:
    cfg = deepcopy(cfg)
    cfg.merge_from_dict(changes)
    return cfg


@pytest.mark.parametrize('name', NAMES)
def test_the_configs_here_agree(name):
    cfg = read_config(CONFIGS / name)
    before = cfg.pretty_text
    settle_config(cfg, ROLES, ['num_workers'])
    assert cfg.pretty_text == before


@pytest.mark.parametrize('role', ROLES)
@pytest.mark.parametrize(
    ('key', 'value'),
    [('persistent_workers', True), ('prefetch_factor', 4), ('timeout', 9)],
)
def test_fault37_what_needs_workers_is_left_out(classifier, role, key, value):
    where = f'{role}_dataloader'
    cfg = changed(
        classifier, {f'{where}.num_workers': 0, f'{where}.{key}': value}
    )
    settle_config(cfg, ROLES)
    assert key not in cfg[where]
    cfg = changed(
        classifier, {f'{where}.num_workers': 1, f'{where}.{key}': value}
    )
    settle_config(cfg, ROLES)
    assert cfg[where][key] == value


@pytest.mark.parametrize(
    ('ranks', 'changes', 'options', 'workers'),
    [
        ('1', {}, None, 2),
        ('3', {}, None, 1),
        ('1', {}, ['val_dataloader.num_workers'], 4),
        ('1', {'keep_workers': True}, None, 4),
    ],
)
def test_processes_are_as_many_as_cores(
    classifier, monkeypatch, ranks, changes, options, workers
):
    monkeypatch.setattr(config_agreement, 'usable_cores', lambda: 2)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', ranks)
    cfg = changed(classifier, {'train_dataloader.num_workers': 4, **changes})
    settle_config(cfg, ROLES, options)
    assert cfg.train_dataloader.num_workers == workers
    assert cfg.val_dataloader.num_workers == 0


def test_fault37_a_segmentor_s_batches_have_one_size(segmentor, classifier):
    for base, grouped in ((segmentor, True), (classifier, False)):
        cfg = changed(base, {'val_dataloader.batch_size': 3})
        settle_config(cfg, ('train', 'val'))
        assert ('batch_sampler' in cfg.val_dataloader) == grouped


def test_an_optimiser_of_ones_own_is_known(classifier, monkeypatch):
    monkeypatch.setitem(OPTIMIZERS._module_dict, 'OwnSGD', SGD)
    cfg = changed(classifier, {'optim_wrapper.optimizer.type': 'OwnSGD'})
    before = cfg.pretty_text
    settle_config(cfg, ROLES, ['num_workers'])
    assert cfg.pretty_text == before


REFUSED = [
    ({'train_dataloader.batch_size': 0}, 'batch_size'),
    ({'train_dataloader.batch_size': -2}, 'batch_size'),
    ({'train_dataloader.batch_size': 2.0}, 'batch_size'),
    ({'train_dataloader.num_workers': -1}, 'num_workers'),
    (
        {
            'val_dataloader.num_workers': 1,
            'val_dataloader.prefetch_factor': 0,
        },
        'val_dataloader.prefetch_factor',
    ),
    ({'train_dataloader.batchsize': 4}, 'train_dataloader.batchsize'),
    ({'randomness.sed': 4}, 'randomness.sed'),
    ({'train_cfg.max_epochs': 'two'}, 'train_cfg.max_epochs'),
    ({'train_cfg.max_epochs': 0}, 'train_cfg.max_epochs'),
    ({'default_hooks.checkpoint.interval': 'x'}, 'checkpoint.interval'),
    ({'optim_wrapper.accumulative_counts': 0}, 'accumulative_counts'),
    ({'optim_wrapper.optimizer.lr': [0, 1]}, 'optim_wrapper.optimizer.lr'),
    ({'optim_wrapper.optimizer.type': 'AdanW'}, 'AdamW'),
    ({'param_scheduler': [{'end': 'two'}]}, 'param_scheduler.0.end'),
    ({'randomness.seed': -1}, 'randomness.seed'),
    ({'model.data_preprocessor.size': (64, 64)}, 'crop_size'),
    ({'model.data_preprocessor.size': (48, 40)}, 'crop_size'),
    (
        {'train_dataloader.dataset.pipeline.3.crop_size': 40},
        'model.data_preprocessor.size',
    ),
    (
        {'val_dataloader.dataset.metainfo.classes': ('background', 'dog')},
        'val_dataloader.dataset.metainfo.classes',
    ),
    (
        {'train_dataloader.dataset.metainfo.palette': [[0, 0, 0]]},
        'palette',
    ),
    ({'val_dataloader': None}, 'val_dataloader'),
    ({'val_evaluator': None}, 'val_evaluator'),
    ({'train_dataloader.sampler.type': 'InfiniteSampler'}, 'InfiniteSampler'),
    ({'model.spotlight.head.num_classes': 20}, 'spotlight.head.num_classes'),
    (
        {
            'model.loss_cps.pairing': 'first_two',
            'train_dataloader.batch_size': 1,
        },
        'model.loss_cps.pairing',
    ),
]


SEGMENTORS = [
    ({'model.decode_head.num_classes': 4}, 'decode_head.num_classes'),
    (
        {'model.decode_head.loss_decode.class_weight': [1.0] * 4},
        'class_weight',
    ),
    ({'default_hooks.checkpoint.by_epoch': True}, 'by_epoch'),
    ({'model.data_preprocessor.size': (40, 40)}, 'crop_size'),
]


@pytest.mark.parametrize(
    ('kind', 'changes', 'words'),
    [
        *(('classifier', *case) for case in REFUSED),
        *(('segmentor', *case) for case in SEGMENTORS),
    ],
)
def test_fault37_what_contradicts_is_refused(request, kind, changes, words):
    plain = request.getfixturevalue(kind)
    settle_config(deepcopy(plain), ROLES)
    cfg = deepcopy(plain)
    if None in changes.values():
        cfg[next(iter(changes))] = None
    else:
        cfg.merge_from_dict(changes)
    with pytest.raises(UserError) as error:
        settle_config(cfg, ROLES)
    assert words in str(error.value)
