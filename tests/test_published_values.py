"""Values of papers and released codes, written down once more.

The other tests take defaults from the code they test, so a changed default
passes them. What stands here is copied from the sources, by stage.
"""

import inspect
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS

from projects.amr.models import (
    AdvCAM,
    AffinityNet,
    AttentionModulation,
    CAMHead,
    DeepLabV2Head,
    IRNet,
    WideResNet38,
)
from projects.amr.models.losses import AffinityLoss
from projects.amr.ops.dense_crf import CRF_KERNELS
from projects.amr.ops.label_crf import refine_scores
from projects.amr.ops.random_walk import random_walk
from projects.amr.ops.seeds import affinity_seed, confident_seed
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.structures.voc_palette import voc_palette

CONFIGS = Path(__file__).parents[1] / 'configs'
SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)

# Stage by stage: AMR's paper and release, IRNet, AffinityNet, AdvCAM,
# DeepLab-v2.
VALUES = {
    'amr_r50_voc': {
        'model.test_cfg.scales': SCALES,
        'model.test_cfg.flip': True,
        'model.test_cfg.output_stride': 4,
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 8,
        'param_scheduler.power': 0.9,
        'param_scheduler.end': 8,
        'optim_wrapper.optimizer.weight_decay': 1e-4,
        'model.xi': 0.5,
        'model.cls_weight': 0.5,
        'model.loss_cps.loss_weight': 1.0,
        'train_pipeline.1.min_side': 320,
        'train_pipeline.1.max_side': 640,
        'train_pipeline.2.prob': 0.5,
        'train_pipeline.3.crop_size': (512, 512),
        'test_evaluator.0.bg_thr': 0.20,
    },
    'cam_r50_voc': {
        'model.test_cfg.scales': SCALES,
        'test_evaluator.0.bg_thr': 0.20,
    },
    'cam_r50_voc_release': {
        'train_pipeline.4.n_holes': 3,
        'train_pipeline.4.cutout_shape': (128, 128),
        'train_pipeline.4.prob': 1.0,
        'train_dataloader.dataset.pipeline.4.n_holes': 3,
    },
    'amr_r50_voc_release': {
        'model.test_cfg.scales': SCALES,
        'model.test_cfg.extractor.num_steps': (12, 26, 26, 26, 26, 26, 26),
        'model.xi': 0.5,
        'model.cls_weight': 0.5,
        'amm.modulation.eps': 0.0,
        'model.test_cfg.extractor.ad_reduction': 'positive',
        'model.test_cfg.extractor.rectify_logits': True,
        'model.test_cfg.max_batch': 1,
        'test_evaluator.0.bg_thr': 0.20,
    },
    'amr_r50_voc_advcam': {
        'model.test_cfg.extractor.num_steps': (13, 27, 27, 27, 27, 27, 27),
        'model.test_cfg.extractor.ad_reduction': 'positive',
    },
    'seam_wrn38_voc': {
        'train_cfg.max_epochs': 8,
        'param_scheduler.end': 8,
        'param_scheduler.power': 0.9,
        'train_dataloader.batch_size': 8,
        'train_pipeline.1.min_side': 448,
        'train_pipeline.1.max_side': 768,
        'model.data_preprocessor.size': (448, 448),
        'test_evaluator.0.bg_thr': 0.26,
        'model.test_cfg.scales': (0.5, 1.0, 1.5, 2.0),
        'model.view_scale': 0.3,
        'model.loss_ecr.top_share': 0.2,
        'model.loss_min.share': 0.25,
        'model.head.dropout': 0.5,
        'model.pcm.in_channels': (512, 1024),
        'model.pcm.channels': (64, 128),
    },
    'cam_r50_voc_advcam': {
        'model.test_cfg.scales': (0.5, 1.0, 1.5, 2.0),
        'model.test_cfg.extractor.num_steps': (13, 27, 27, 27),
        'model.test_cfg.extractor.ad_reduction': 'positive',
        'test_evaluator.0.bg_thr': 0.15,
    },
    'irnet_r50_voc': {
        'model.radius': 10,
        'model.test_cfg.radius': 5,
        'model.test_cfg.beta': 10.0,
        'model.test_cfg.exp_times': 8,
        'model.test_cfg.bg_thr': 0.25,
        'model.test_cfg.cam_power': 1.0,
        'model.boundary_head.channels': 32,
        'model.boundary_head.num_groups': 4,
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 3,
        'param_scheduler.power': 0.9,
        'param_scheduler.end': 3,
        'train_pipeline.2.ratio_range': (0.5, 1.5),
        'train_pipeline.3.prob': 0.5,
        'train_pipeline.4.crop_size': (512, 512),
        'test_evaluator.0.bg_thr': 0.25,
    },
    'irnet_r50_voc_release': {
        'model.interior_only': True,
        'model.test_cfg.cam_power': 1.5,
        'model.test_cfg.bg_thr': 0.25,
        'model.test_cfg.pad_size': 512,
        'model.test_cfg.enlarge_by': 4,
    },
    'affinitynet_wrn38_voc': {
        'model.radius': 5,
        'model.test_cfg.bg_alpha': 16.0,
        'model.test_cfg.beta': 8.0,
        'model.test_cfg.exp_times': 8,
        'model.head.channels': (64, 128, 256),
        'train_dataloader.batch_size': 8,
        'train_cfg.max_epochs': 8,
        'param_scheduler.end': 8,
        'train_pipeline.2.crop_size': (448, 448),
        'train_pipeline.3.prob': 0.5,
    },
    'deeplabv2_r101_voc': {
        'train_dataloader.batch_size': 10,
        'train_pipeline.2.ratio_range': (0.5, 1.5),
        'model.scales': (1.0, 0.75, 0.5),
        'model.decode_head.dilations': (6, 12, 18, 24),
        'train_cfg.max_iters': 20000,
        'param_scheduler.end': 20000,
        'train_pipeline.3.crop_size': (321, 321),
        'train_pipeline.4.prob': 0.5,
        'model.decode_head.loss_decode.avg_non_ignore': True,
        'param_scheduler.power': 0.9,
    },
    'deeplabv2_r101_voc_balanced': {
        'train_cfg.max_iters': 30000,
        'train_pipeline.2.ratio_range': (0.5, 2.0),
        'train_pipeline.3.crop_size': (321, 321),
    },
    'plug_and_play/mctformer-plus_deit-small_voc': {
        'test_evaluator.0.bg_thr': 0.44,
        'val_evaluator.0.bg_thr': 0.44,
    },
    'plug_and_play/clip-es_vit-base_voc': {'test_evaluator.0.bg_thr': 0.50},
}


def look_up(cfg, key: str):
    """Value of a dotted key; numbers index lists."""
    for part in key.split('.'):
        cfg = cfg[int(part) if part.isdigit() else part]
    return cfg


@pytest.mark.parametrize('name', VALUES)
def test_configs_hold_the_published_values(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    got = {key: look_up(cfg, key) for key in VALUES[name]}
    assert got == VALUES[name]


# Variant: what it varies, and the top-level keys that differ.
VARIANTS = {
    'amr_r50_voc_advcam': ('amr_r50_voc', {'model'}),
    'cam_r50_voc_advcam': ('cam_r50_voc', {'model', 'test_evaluator'}),
    'seam_amr_wrn38_voc': ('seam_wrn38_voc', {'model'}),
    'toy/seam_amr_wrn38_toyvoc': ('toy/seam_wrn38_toyvoc', {'model'}),
    'toy/cam_wrn38_toyvoc_as-seam': ('toy/seam_wrn38_toyvoc', {'model'}),
    'deeplabv2_r101_voc_coco': ('deeplabv2_r101_voc', {'model'}),
    'deeplabv2_r101_voc_supervised': (
        'deeplabv2_r101_voc',
        {'train_dataloader'},
    ),
}


@pytest.mark.parametrize('name', VARIANTS)
def test_a_variant_changes_what_its_name_says(name):
    parent, keys = VARIANTS[name]
    one, other = (
        Config.fromfile(CONFIGS / f'{each}.py').to_dict()
        for each in (parent, name)
    )
    assert {k for k in {**one, **other} if one.get(k) != other.get(k)} == keys
    model = one['model'], other['model']
    changed = {k for k in model[1] if model[1][k] != model[0].get(k)}
    if 'advcam' in name:
        assert changed == {'test_cfg'}
    if 'seam_amr' in name:
        assert model[1]['spotlight'] == model[0]


# What begins a parameter's name: learning rate, weight decay. The rule that
# stands first counts.
RATES = {
    'deeplabv2_r101_voc': (
        {
            'backbone': (2.5e-4, 5e-4),
            r'decode_head.*\.weight': (2.5e-3, 5e-4),
            r'decode_head.*\.bias': (5e-3, 0.0),
        },
        0.9,
    ),
    'seam_wrn38_voc': (
        {
            **dict.fromkeys(('head', 'pcm'), (0.1, 5e-4)),
            'backbone': (0.01, 5e-4),
        },
        5e-4,
    ),
    'cam_r50_voc': ({'': (0.01, 1e-4)}, 0.9),
    'cam_r50_voc_release': ({'head': (0.1, 1e-4), '': (0.01, 1e-4)}, 1e-4),
    'amr_r50_voc_release': (
        {r'compensation\.backbone': (0.1, 1e-4), '': (0.01, 1e-4)},
        1e-4,
    ),
    'irnet_r50_voc': ({'': (0.1, 1e-4)}, 1e-4),
    'affinitynet_wrn38_voc': (
        {'backbone': (0.1, 5e-4), 'head': (1.0, 5e-4)},
        5e-4,
    ),
}


@pytest.mark.parametrize('name', RATES)
def test_learning_rates_land_on_the_right_parameters(name):
    rules, momentum = RATES[name]
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    drop_pretrained(cfg.model, unfreeze=False)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    assert optimizer.defaults['momentum'] == momentum
    names = {id(p): key for key, p in model.named_parameters()}
    used = set()
    for group in optimizer.param_groups:
        for parameter in group['params']:
            key = names[id(parameter)]
            rule = next(rule for rule in rules if re.match(rule, key))
            used.add(rule)
            got = (group['lr'], group['weight_decay'])
            assert got == pytest.approx(rules[rule]), key
    assert used == set(rules)


@pytest.mark.parametrize(
    ('function', 'defaults'),
    [
        (
            confident_seed,
            {
                'fg_thr': 0.60,
                'bg_thr': 0.33,
                'gt_prob': 0.7,
                'num_iters': 10,
                'kernels': 'irn',
            },
        ),
        (
            affinity_seed,
            {
                'alpha_low': 4,
                'alpha_high': 32,
                'num_iters': 10,
                'kernels': 'affinitynet',
            },
        ),
        (refine_scores, {'kernels': 'deeplabv2', 'num_iters': 10}),
        (random_walk, {'radius': 5, 'beta': 10, 'exp_times': 8}),
        (AffinityLoss, {'eps': 1e-5}),
        (
            AdvCAM,
            {
                'num_steps': 27,
                'step_size': 0.08,
                'ad_weight': 7,
                'ad_thr': 0.5,
            },
        ),
        (AttentionModulation, {'reduction': 16, 'kernel_size': 7}),
        (WideResNet38, {'dropout': (0.3, 0.5), 'dilations': (2, 4)}),
        (DeepLabV2Head, {'dilations': (6, 12, 18, 24)}),
    ],
)
def test_defaults_are_the_published_values(function, defaults):
    parameters = inspect.signature(function).parameters
    assert {key: parameters[key].default for key in defaults} == defaults


def test_tests_of_affinity_networks_default_to_the_released_values():
    walk = {'cam_power': 1.0, 'radius': 5, 'beta': 10.0, 'exp_times': 8}
    want = {**walk, 'bg_thr': 0.25}
    assert want.items() <= IRNet.default_test_cfg.items()
    want = {'bg_alpha': 16.0, 'beta': 8.0, 'exp_times': 8}
    assert want.items() <= AffinityNet.default_test_cfg.items()


def test_crf_kernels_are_the_released_ones():
    assert CRF_KERNELS == {
        'irn': {
            'gaussian': {'sxy': 3, 'compat': 3},
            'bilateral': {'sxy': 50, 'srgb': 5, 'compat': 10},
        },
        'affinitynet': {
            'gaussian': {'sxy': 3, 'compat': 3},
            'bilateral': {'sxy': 80, 'srgb': 13, 'compat': 10},
        },
        'deeplabv2': {
            'gaussian': {'sxy': 1, 'compat': 3},
            'bilateral': {'sxy': 67, 'srgb': 3, 'compat': 4},
        },
    }


def test_new_layers_start_as_stated():
    head = DeepLabV2Head(512, 21)
    head.init_weights()
    weight = torch.cat([conv.weight.flatten() for conv in head.convs])
    assert weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not any(conv.bias.any() for conv in head.convs)
    classifier = CAMHead(2048, 20)
    classifier.init_weights()
    weight = classifier.classifier.weight
    assert weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert classifier.classifier.bias is None


def test_palette_is_vocs():
    """Names and colours as the devkit prints them."""
    colours = voc_palette()
    for label, colour in {
        0: (0, 0, 0),  # background
        1: (128, 0, 0),  # aeroplane
        8: (64, 0, 0),  # cat
        12: (64, 0, 128),  # dog
        15: (192, 128, 128),  # person
        20: (0, 64, 128),  # tv monitor
        255: (224, 224, 192),  # no label
    }.items():
        assert tuple(colours[label].tolist()) == colour
