"""A training before it begins: its batches, and the learning rate for them."""

import logging

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import branch
from projects.amr.errors import DataError
from projects.amr.workflow.launch.training import (
    log_total_batch,
    require_batches,
    share_batch,
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


@pytest.mark.parametrize(
    ('total', 'steps', 'processes', 'each', 'scaled'),
    [
        (16, 1, 1, 16, False),
        (16, 1, 8, 2, False),
        (10, 1, 8, 1, True),  # 8 images, and the learning rate for 8
        (10, 1, 2, 5, False),
        (1, 1, 4, 1, True),
        (5, 2, 4, 1, True),
    ],
)
def test_a_shared_batch_stays_or_the_learning_rate_follows(
    total, steps, processes, each, scaled
):
    base = total * steps
    cfg = Config(
        dict(
            train_dataloader=dict(batch_size=total),
            optim_wrapper=dict(accumulative_counts=steps),
            auto_scale_lr=dict(enable=False, base_batch_size=base),
        )
    )
    share_batch(cfg, processes)
    assert cfg.train_dataloader.batch_size == each
    # mmengine does not count accumulated steps.
    base = total if scaled else base
    assert cfg.auto_scale_lr == dict(enable=scaled, base_batch_size=base)


def runner_of(toy_root, folder, batch_size, **loader):
    cfg = tiny_config(toy_root, folder / f'w{batch_size}')
    cfg.experiment_name = f'{folder.name}_{batch_size}_{len(loader)}'
    cfg.train_dataloader.update(batch_size=batch_size, **loader)
    return Runner.from_cfg(cfg)


def test_fewer_images_than_a_batch_are_told_with_the_fix(toy_root, tmp_path):
    runner = runner_of(toy_root, tmp_path, 100)
    images = len(runner.train_loop.dataloader.dataset)
    with pytest.raises(DataError) as caught:
        require_batches(runner)
    for words in (images, 'train_aug.txt', f'batch_size={images} or less'):
        assert str(words) in str(caught.value)
    # What the message says helps, and no image less does.
    require_batches(runner_of(toy_root, tmp_path, images))
    with pytest.raises(DataError):
        require_batches(runner_of(toy_root, tmp_path, images + 1))
    require_batches(runner_of(toy_root, tmp_path, 100, drop_last=False))
