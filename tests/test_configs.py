"""Every config says what it is, builds, and changes what its name says."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.runner import get_priority
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from mmseg.structures import SegDataSample

from projects.amr.models import AMR, SEAM, CAMClassifier, IRNet
from projects.amr.models.classifiers import SubCategoryClassifier
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
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
def test_trainings_take_images_of_one_row_and_a_rate_for_one_process(path):
    cfg = read_config(path)
    for step in cfg.train_dataloader.dataset.pipeline:
        assert step.type not in ('Resize', 'PackSegInputs')
        if step.type == 'RandomResize':
            assert step.resize_type == 'ResizeNonEmpty'
    assert cfg.auto_scale_lr == {
        'enable': False,
        'base_batch_size': cfg.train_dataloader.batch_size,
    }


@pytest.mark.parametrize(('name', 'count'), [('seam', 4), ('seam_amr', 6)])
def test_parts_of_toy_seam_fit_each_other(name, count):
    """Those of VOC's configs are run thinned, in test_plug_and_play.py."""
    cfg = Config.fromfile(CONFIGS / 'toy' / f'{name}_wrn38_toyvoc.py')
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    samples = [SegDataSample(gt_label=torch.ones(4)) for _ in range(2)]
    images = torch.rand(2, 3, 65, 96)
    losses = model.loss(images, samples)
    assert len(losses) == count
    assert all(0 <= loss < 3 for loss in losses.values())
    for cam in model(images).values():
        assert cam.shape == (2, 4, 9, 12)


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


def test_the_branches_differ_only_by_the_modulation():
    for name in ('amr_r50_voc.py', 'toy/amr_r26_toyvoc.py'):
        model = Config.fromfile(CONFIGS / name).model.to_dict()
        plugins = model['compensation']['backbone'].pop('plugins')
        assert plugins[0]['position'] == 'after_conv3'
        assert model['compensation'] == model['spotlight']


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
    for registry, name in (
        (MODELS, 'AMR'),
        (DATASETS, 'VOCWeakLabelDataset'),
        (HOOKS, 'CAMGenerationHook'),
        (TRANSFORMS, 'RandomWalkPseudoLabel'),
        (METRICS, 'CAMIoUMetric'),
    ):
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
        ('pseudo_labels_voc_bes', 'bes_lite0_voc'),
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
