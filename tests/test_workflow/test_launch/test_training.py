"""A training that would train nothing is refused before it begins."""

import pytest
from mmengine.runner import Runner
from runner_configs import tiny_config

from projects.amr.errors import DataError
from projects.amr.workflow.launch.training import require_batches


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
    text = str(caught.value)
    assert f'{images} images to train on' in text
    assert 'train_aug.txt' in text
    assert f'train_dataloader.batch_size={images} or less' in text
    # What the message says helps, and no image less does.
    require_batches(runner_of(toy_root, tmp_path, images))
    with pytest.raises(DataError):
        require_batches(runner_of(toy_root, tmp_path, images + 1))
    require_batches(runner_of(toy_root, tmp_path, 100, drop_last=False))
