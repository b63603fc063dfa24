"""What makes a stage stale: what its outcome depends on, and only that."""

import pytest
from runner_configs import tiny_config

from projects.amr.runtime.files.fingerprint import config_digest
from projects.amr.workflow.launch.declared import (
    test_values,
    train_values,
)

test_values.__test__ = False  # a function of ours, not a test

BOTH = ['train', 'test']


def digests(cfg):
    """Digests of what a training and a test of the config depend on."""
    return {
        'train': config_digest(train_values(cfg)),
        'test': config_digest(test_values(cfg, False)),
    }


@pytest.mark.parametrize(
    ('key', 'value', 'stale'),
    [
        ('model.xi', 0.3, BOTH),
        ('optim_wrapper.optimizer.lr', 0.5, ['train']),
        ('train_cfg.max_epochs', 7, ['train']),
        ('auto_scale_lr.base_batch_size', 7, []),
        ('auto_scale_lr.enable', True, ['train']),
        ('load_from', 'x.pth', ['train']),
        ('randomness.seed', 7, ['train']),
        ('train_dataloader.batch_size', 3, ['train']),
        ('train_dataloader.dataset.ann_file', 'x.txt', ['train']),
        ('model.test_cfg.scales', [1.0], ['test']),
        ('test_dataloader.dataset.ann_file', 'x.txt', ['test']),
        ('test_evaluator.0.bg_thr', 0.9, ['test']),
        ('model.spotlight.backbone.init_cfg', {'type': 'x'}, ['train']),
        ('train_cfg.val_interval', 3, []),
        ('val_dataloader.dataset.ann_file', 'x.txt', []),
        ('test_dataloader.batch_size', 7, []),
        ('train_dataloader.num_workers', 7, []),
        ('default_hooks.logger.interval', 7, []),
        ('work_dir', 'elsewhere', []),
    ],
)
def test_each_value_concerns_the_stages_it_changes(
    toy_root, tmp_path, key, value, stale
):
    before = digests(tiny_config(toy_root, tmp_path))
    cfg = tiny_config(toy_root, tmp_path)
    cfg.merge_from_dict({key: value})
    after = digests(cfg)
    assert [k for k in BOTH if after[k] != before[k]] == stale


def test_hooks_concern_the_stage_they_work_in(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    cfg.default_hooks.cam_writer = {
        'type': 'CAMGenerationHook',
        'out_dir': 'x',
        'a': 1,
    }
    cfg.custom_hooks = [{'type': 'EMAHook', 'momentum': 0.1}]
    assert train_values(cfg)['custom_hooks'] == [
        {'type': 'CheckpointGuardHook'},
        {'type': 'EMAHook', 'momentum': 0.1},
    ]
    assert test_values(cfg, False)['custom_hooks'] == [
        {'type': 'CAMGenerationHook', 'a': 1}
    ]
