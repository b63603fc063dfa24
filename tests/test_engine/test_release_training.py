"""One epoch of the release preset's switches through the Runner."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import amr
from projects.amr.runtime.checkpoints.checkpoint import non_finite_names

CONFIG = Path(__file__).parents[2] / 'configs' / 'amr_r50_voc_release.py'


def test_only_the_head_of_the_spotlight_moves(toy_root, tmp_path):
    release = Config.fromfile(CONFIG)
    amm = release.amm.to_dict()
    # The released density has no bound, and a net this small overflows.
    amm['modulation']['eps'] = 0.1
    model = amr(
        amm,
        detach_spotlight=True,
        loss_cps=release.model.loss_cps.to_dict(),
    )
    model['compensation']['backbone']['frozen_stages'] = 1
    cfg = tiny_config(toy_root, tmp_path, model)
    cfg.optim_wrapper = release.optim_wrapper
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.experiment_name = tmp_path.name
    runner = Runner.from_cfg(cfg)
    multiplied = {
        group['lr']
        for group in runner.build_optim_wrapper(
            cfg.optim_wrapper
        ).optimizer.param_groups
    }
    assert multiplied == {0.01, 0.1}
    runner.model.init_weights()
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    assert non_finite_names(runner.model) == []
    moved = {
        key
        for key, value in runner.model.state_dict().items()
        if not torch.equal(value, before[key]) and 'running' not in key
    }
    moved = {key for key in moved if 'num_batches' not in key}
    spotlight = {key for key in moved if key.startswith('spotlight')}
    assert spotlight == {'spotlight.head.classifier.weight'}
    assert 'compensation.head.classifier.weight' in moved
    assert any('compensation.backbone.layer4' in key for key in moved)
    assert not any('compensation.backbone.layer1' in key for key in moved)
