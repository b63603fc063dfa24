"""Images per update, and the learning rate that mmengine makes of them."""

import logging

import pytest
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import branch
from projects.amr.workflow.launch.total_batch import (
    log_total_batch,
    use_auto_scale_lr,
)


@pytest.fixture
def cfg(toy_root, tmp_path):
    """Two images per process; the learning rate is for 16."""
    cfg = tiny_config(toy_root, tmp_path, branch())
    cfg.experiment_name = tmp_path.name
    return cfg


@pytest.mark.parametrize(
    ('images', 'steps', 'ranks', 'warned'),
    [(2, 1, 1, True), (4, 4, 1, False), (2, 1, 8, False), (4, 2, 4, True)],
)
def test_total_is_told_and_warned_of(cfg, images, steps, ranks, warned):
    cfg.train_dataloader.batch_size = images
    cfg.optim_wrapper.accumulative_counts = steps
    runner = Runner.from_cfg(cfg)
    runner._world_size = ranks
    told = []
    runner.logger.log = lambda level, text: told.append((level, text))
    assert log_total_batch(runner) == images * steps * ranks
    ((level, text),) = told
    assert (level == logging.WARNING) == warned
    assert '16' in text


@pytest.mark.parametrize(('images', 'steps'), [(2, 1), (4, 1), (2, 4)])
def test_learning_rate_is_scaled_linearly(cfg, images, steps):
    before = cfg.optim_wrapper.optimizer.lr
    cfg.train_dataloader.batch_size = images
    cfg.optim_wrapper.accumulative_counts = steps
    use_auto_scale_lr(cfg)
    runner = Runner.from_cfg(cfg)
    wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.scale_lr(wrapper, runner.auto_scale_lr)
    for group in wrapper.param_groups:
        assert group['lr'] == pytest.approx(before * images * steps / 16)
