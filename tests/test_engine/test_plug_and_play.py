"""Configs of SEAM and of other backbones, trained and tested at toy size."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from plugged_configs import CONFIGS, thin_model
from runner_configs import tiny_config

from projects.amr.structures import CAMRecord

PATHS = [
    CONFIGS / 'seam_wrn38_voc.py',
    CONFIGS / 'seam_amr_wrn38_voc.py',
    *sorted((CONFIGS / 'plug_and_play').glob('amr_*.py')),
    CONFIGS / 'plug_and_play' / 'mctformer-plus_deit-small_voc.py',
]


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def runner(request, toy_root, tmp_path):
    """A Runner with the config's classifier and optimiser."""
    cfg = tiny_config(toy_root, tmp_path, thin_model(request.param))
    cfg.optim_wrapper = Config.fromfile(request.param).optim_wrapper
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    # ConvNeXt takes no view below 32 pixels.
    cfg.model.test_cfg.scales = (1.0, 2.0)
    cfg.experiment_name = tmp_path.name
    cfg.default_hooks.cam_writer.out_dir = str(tmp_path / 'cams')
    return Runner.from_cfg(cfg)


def test_every_part_trains_and_cams_are_made(runner, tmp_path):
    runner.model.init_weights()
    before = {k: v.clone() for k, v in runner.model.named_parameters()}
    runner.train()
    for key, value in runner.model.named_parameters():
        assert value.isfinite().all(), key
        assert not torch.equal(value, before[key]), key
    if hasattr(runner.model, 'compensation'):
        assert any('.amm.' in key for key in before)
        assert not any('spotlight' in key and '.amm.' in key for key in before)
    metrics = runner.test()
    assert 0 < metrics['cam/mIoU_best'] <= 100
    records = [
        CAMRecord.load(path) for path in (tmp_path / 'cams').glob('*.npz')
    ]
    assert len(records) == 8
    assert any(len(record.cam) for record in records)
    for record in records:
        assert record.cam.shape[1:] == tuple(-(-n // 2) for n in record.size)
        maps = record.branches
        if hasattr(runner.model, 'compensation'):
            pair = maps['spotlight'], maps['compensation']
            assert not len(record.cam) or not np.array_equal(*pair)
            np.testing.assert_allclose(
                record.cam, np.mean(pair, axis=0), atol=1e-3
            )
        else:
            assert maps == {}
