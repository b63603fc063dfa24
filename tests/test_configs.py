"""Every config says what it is, builds, and changes what its name says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.runner import get_priority
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS

from projects.amr.models import AMR, SEAM, CAMClassifier, IRNet
from projects.amr.models.classifiers import SubCategoryClassifier
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
)
from projects.amr.runtime.config.config_reading import (
    allow_mmseg_bases,
    read_config,
)
from projects.amr.workflow.launch.own_classes import dataset_classes

CONFIGS = Path(__file__).parents[1] / 'configs'
CLASSIFIERS = sorted(
    path
    for path in CONFIGS.rglob('*.py')
    if not {'_base_', 'pipelines'} & set(path.parts)
    and path.name.startswith(('cam_', 'amr_', 'seam_', 'sccam_'))
)
ALGORITHMS = {
    'seam_amr': AMR,
    'seam': SEAM,
    'amr': AMR,
    'cam': CAMClassifier,
    'sccam': SubCategoryClassifier,
}
BACKBONES = {
    'lite0': ('EfficientNetLite', 1280),
    'wrn38': ('WideResNet38', 4096),
    'convnext-tiny': ('ConvNeXt', 768),
    'deit-small': ('VisionTransformer', 384),
}
NAMES = [str(path.relative_to(CONFIGS)) for path in CLASSIFIERS]


def data_name(path):
    """The data set that a config's name names."""
    return next(
        part
        for part in path.stem.split('_')
        if part in ('voc', 'coco', 'toyvoc')
    )


def test_the_promised_configs_are_there():
    assert {
        'amr_r50_voc.py',
        'amr_r50_voc_release.py',
        'cam_r50_voc.py',
        'cam_lite0_voc.py',
        'amr_lite0_voc.py',
        'seam_wrn38_voc.py',
        'seam_amr_wrn38_voc.py',
        'cam_r50_coco.py',
    } <= set(NAMES)
    assert any(name.startswith('toy/') for name in NAMES)


@pytest.mark.parametrize('path', CLASSIFIERS, ids=NAMES)
def test_config_builds_what_its_name_says(path):
    cfg = Config.fromfile(path)
    drop_pretrained(cfg.model)
    # Without memory; ConvNeXt reads numbers while it is built.
    with torch.device('cpu' if 'convnext' in path.stem else 'meta'):
        model = MODELS.build(cfg.model)
    algorithm = next(a for a in ALGORITHMS if path.stem.startswith(f'{a}_'))
    assert type(model) is ALGORITHMS[algorithm]
    branch = getattr(model, 'compensation', model)
    backbone = getattr(branch.backbone, 'backbone', branch.backbone)
    name = path.stem.removeprefix(f'{algorithm}_').split('_')[0]
    if name in BACKBONES:
        kind, channels = BACKBONES[name]
        assert type(backbone).__name__ == kind
        if 'toyvoc' not in path.stem:
            assert branch.head.classifier.in_channels == channels
    else:
        assert backbone.depth == int(name.removeprefix('r'))
    spotlight = getattr(model, 'spotlight', None)
    assert type(spotlight) is {'seam_amr': SEAM, 'amr': CAMClassifier}.get(
        algorithm, type(None)
    )
    names = dataset_classes(cfg.train_dataloader.dataset)
    assert model.num_classes == len(names) - 1
    assert len(names) == {'voc': 21, 'coco': 81}.get(data_name(path), 5)
    assert DATASETS.get(cfg.train_dataloader.dataset.type)
    for evaluator in cfg.test_evaluator:
        METRICS.build(evaluator)
    batches = cfg.test_dataloader.batch_sampler
    assert batches.type == 'SizeGroupedBatchSampler'


LEAVES = sorted(
    path
    for path in CONFIGS.rglob('*_*voc*.py')
    if not {'_base_', 'pipelines'} & set(path.parts)
)


NOT_TRAINED = ('seeds_', 'pseudo_labels_', 'votes_', 'clip-es_')

TRAININGS = [path for path in LEAVES if not path.stem.startswith(NOT_TRAINED)]


@pytest.mark.parametrize('path', TRAININGS, ids=lambda path: path.stem)
def test_trainings_take_images_of_one_row(path):
    for step in read_config(path).train_dataloader.dataset.pipeline:
        assert step.type not in ('Resize', 'PackSegInputs')
        if step.type == 'RandomResize':
            assert step.resize_type == 'ResizeNonEmpty'


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


def test_released_numbers_stand_in_the_seam_configs():
    for name in ('seam_wrn38_voc.py', 'seam_amr_wrn38_voc.py'):
        cfg = Config.fromfile(CONFIGS / name)
        assert cfg.train_cfg.max_epochs == cfg.param_scheduler.end == 8
        assert cfg.param_scheduler.power == 0.9
        assert cfg.train_dataloader.batch_size == 8
        assert cfg.optim_wrapper.optimizer == {
            'type': 'SGD',
            'lr': 0.01,
            'momentum': 5e-4,
            'weight_decay': 5e-4,
        }
        steps = {
            step.type: step for step in cfg.train_dataloader.dataset.pipeline
        }
        resize = steps['RandomResizeLongestSide']
        assert (resize.min_side, resize.max_side) == (448, 768)
        assert steps['RandomCropOrPad'].crop_size == (448, 448)
        assert cfg.model.data_preprocessor['size'] == (448, 448)
        assert cfg.test_evaluator[0].bg_thr == 0.26
        assert cfg.model.test_cfg.scales == (0.5, 1.0, 1.5, 2.0)
        assert cfg.model.test_cfg.flip
        seam = cfg.model.get('spotlight', cfg.model)
        assert seam.view_scale == 0.3
        assert seam.loss_ecr.top_share == 0.2
        assert seam.loss_min.share == 0.25
        assert seam.head.dropout == 0.5
        assert seam.pcm.in_channels == (512, 1024)
        assert seam.pcm.channels == (64, 128)
        weights = [
            loss.get('loss_weight', 1.0)
            for key, loss in seam.items()
            if key.startswith('loss_')
        ]
        assert weights == [1.0] * 4


@pytest.mark.parametrize(('name', 'count'), [('seam', 4), ('seam_amr', 6)])
def test_parts_of_toy_seam_fit_each_other(name, count):
    """Those of VOC's configs are run thinned, in test_plug_and_play.py."""
    cfg = Config.fromfile(CONFIGS / 'toy' / f'{name}_wrn38_toyvoc.py')
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    losses, cam = model.train_cams(torch.rand(2, 3, 65, 96), torch.ones(2, 4))
    assert len(losses) == count
    assert all(0 <= loss < 3 for loss in losses.values())
    assert cam.shape == (2, 4, 9, 12)


def test_seams_training_images_are_cut_and_coloured(toy_root):
    cfg = Config.fromfile(CONFIGS / 'seam_wrn38_voc.py')
    toy = Config.fromfile(CONFIGS / 'toy' / 'seam_wrn38_toyvoc.py')
    config = toy.train_dataloader.dataset
    config.data_root = str(toy_root)
    config.pipeline = cfg.train_dataloader.dataset.pipeline
    images = []
    for jitter in (True, False):
        if not jitter:
            kinds = [step.type for step in config.pipeline]
            config.pipeline.pop(kinds.index('mmpretrain.ColorJitter'))
        np.random.seed(0)
        images.append(DATASETS.build(config)[0]['inputs'])
    assert {tuple(image.shape) for image in images} == {(3, 448, 448)}
    assert not torch.equal(*images)


def test_amr_adds_its_branch_to_seam_and_changes_nothing_else():
    for folder, stem in (('', 'voc'), ('toy', 'toyvoc')):
        seam, both = (
            Config.fromfile(CONFIGS / folder / f'{name}_wrn38_{stem}.py')
            for name in ('seam', 'seam_amr')
        )
        assert both.model.spotlight == seam.model
        branch = both.model.compensation
        assert branch.backbone.backbone == seam.model.backbone
        assert branch.head == seam.model.head
        own = {'model', 'filename'}
        assert {k: v for k, v in both.items() if k not in own} == {
            k: v for k, v in seam.items() if k not in own
        }
        paper = Config.fromfile(CONFIGS / 'amr_r50_voc.py').model
        for key in ('xi', 'cls_weight'):
            assert both.model[key] == paper[key]
        if not folder:  # on ToyVOC the paper's L_cps is too strong
            assert both.model.loss_cps == paper.loss_cps


def test_control_of_toy_seam_lacks_only_what_seam_adds():
    seam, plain = (
        Config.fromfile(CONFIGS / 'toy' / f'{name}.py').to_dict()
        for name in ('seam_wrn38_toyvoc', 'cam_wrn38_toyvoc_as-seam')
    )
    ours, theirs = plain.pop('model'), seam.pop('model')
    assert plain == seam
    assert ours.pop('type') == 'CAMClassifier'
    assert theirs.pop('type') == 'SEAM'
    # Its correlation module reads the first two, the head the last.
    assert theirs['backbone']['out_indices'] == (2, 3, 5)
    added = {'pcm', 'view_scale', 'loss_min', 'loss_er', 'loss_ecr'}
    assert ours == {k: v for k, v in theirs.items() if k not in added}


def test_toy_seam_starts_from_the_backbone_of_the_toy_classifier(tmp_path):
    toy = CONFIGS / 'toy'
    plain = MODELS.build(Config.fromfile(toy / 'cam_wrn38_toyvoc.py').model)
    plain.init_weights()
    # As trained ones: the ends of the branches start at 0.
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    file = tmp_path / 'classifier.pth'
    torch.save({'state_dict': plain.state_dict()}, file)
    cfg = Config.fromfile(toy / 'seam_amr_wrn38_toyvoc.py').model
    backbones = (cfg.spotlight.backbone, cfg.compensation.backbone.backbone)
    for backbone in backbones:
        backbone.init_cfg.checkpoint = str(file)
    model = MODELS.build(cfg)
    model.init_weights()
    want = plain.backbone.state_dict()
    for net in (
        model.spotlight.backbone,
        model.compensation.backbone.backbone,
    ):
        got = net.state_dict()
        assert set(got) >= set(want)
        assert all(torch.equal(got[key], want[key]) for key in want)


def test_new_layers_of_seam_learn_ten_times_as_fast():
    cfg = Config.fromfile(CONFIGS / 'seam_amr_wrn38_voc.py')
    drop_pretrained(cfg.model, unfreeze=False)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(p): name for name, p in model.named_parameters()}
    for group in wrapper.optimizer.param_groups:
        (parameter,) = group['params']
        name = names.pop(id(parameter))
        new = any(part in name for part in ('head.', 'pcm.', '.amm.'))
        assert group['lr'] == pytest.approx(0.1 if new else 0.01), name
    # What is left is frozen: stem, b2 and every BatchNorm of the encoders.
    frozen = {
        name for name, p in model.named_parameters() if not p.requires_grad
    }
    assert set(names.values()) == frozen
    assert not any('amm' in name for name in frozen)
    assert all('bn' in n or '.b2' in n or 'conv1a' in n for n in frozen)


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
        (MODELS, ('AMR', 'CAMClassifier', 'AttentionModulation')),
        (MODELS, ('StageModulation',)),
        (DATASETS, ('VOCWeakLabelDataset',)),
        (METRICS, ('CAMIoUMetric',)),
    ):
        for name in names:
            assert registry.get(name).__module__.startswith('projects.amr')
            assert name in registry.module_dict
    assert 'VOCWeakLabelDataset' not in ROOT_DATASETS.module_dict


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('amr_r50_voc', ['cam_writer', 'visualization']),
        ('irnet_r50_voc', ['boundary_writer']),
        ('deeplabv2_lite0_voc', ['label_writer', 'visualization']),
    ],
)
def test_hooks_run_in_the_order_that_their_work_needs(name, expected):
    """State, then its keys; what is written, then a picture; then a stop."""
    hooks = Config.fromfile(CONFIGS / f'{name}.py').default_hooks
    ranks = {
        key: get_priority(HOOKS.get(hook.type).priority)
        for key, hook in hooks.items()
    }
    order = sorted(hooks, key=ranks.get)  # mmengine's sort is stable too
    of_interest = {'exact_resume', 'guard', 'graceful_stop', *expected}
    assert [key for key in order if key in of_interest] == [
        'exact_resume',
        'guard',
        *expected,
        'graceful_stop',
    ]


@pytest.mark.parametrize(
    ('walk', 'network'),
    [
        ('pseudo_labels_voc', 'irnet_r50_voc'),
        ('pseudo_labels_voc', 'irnet_lite0_voc'),
        ('pseudo_labels_voc_release', 'irnet_r50_voc_release'),
        ('toy/pseudo_labels_toyvoc', 'toy/irnet_r26_toyvoc'),
    ],
)
def test_pseudo_labels_are_walked_as_the_network_scores_them(walk, network):
    cfg = Config.fromfile(CONFIGS / f'{walk}.py')
    transform = cfg.label_transform.to_dict()
    assert transform.pop('type') == 'RandomWalkPseudoLabel'
    assert transform.pop('crf') is None
    cfg = Config.fromfile(CONFIGS / f'{network}.py')
    scored = {**IRNet.default_test_cfg, **cfg.model.test_cfg}
    assert transform.items() <= scored.items()
    kept = ('max_pixels', 'pad_size')
    default = {**IRNet.default_test_cfg, **transform}
    assert {k: v for k, v in scored.items() if k not in kept} == {
        k: v for k, v in default.items() if k not in kept
    }


@pytest.mark.parametrize('path', TRAININGS, ids=lambda path: path.stem)
def test_the_learning_rate_is_for_the_batch_of_one_process(path):
    cfg = read_config(path)
    assert cfg.auto_scale_lr == {
        'enable': False,
        'base_batch_size': cfg.train_dataloader.batch_size,
    }
