"""A training's batch among processes: the total and its learning rate."""

import pytest
from mmengine.config import Config

from projects.amr.workflow.launch.total_batch import share_batch


@pytest.mark.parametrize(
    ('total', 'processes', 'each', 'scaled'),
    [
        (16, 1, 16, False),
        (16, 8, 2, False),
        (10, 8, 1, True),  # 8 images, and the learning rate for 8
        (10, 2, 5, False),
        (1, 4, 1, True),
    ],
)
def test_the_total_stays_or_the_learning_rate_follows(
    total, processes, each, scaled
):
    cfg = Config(
        dict(
            train_dataloader=dict(batch_size=total),
            optim_wrapper=dict(type='OptimWrapper'),
            auto_scale_lr=dict(enable=False, base_batch_size=total),
        )
    )
    share_batch(cfg, processes)
    assert cfg.train_dataloader.batch_size == each
    assert cfg.auto_scale_lr.enable is scaled


def test_accumulated_steps_count_as_for_auto_scale_lr():
    cfg = Config(
        dict(
            train_dataloader=dict(batch_size=5),
            optim_wrapper=dict(type='OptimWrapper', accumulative_counts=2),
            auto_scale_lr=dict(enable=False, base_batch_size=10),
        )
    )
    share_batch(cfg, 4)
    assert cfg.train_dataloader.batch_size == 1
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=5)
