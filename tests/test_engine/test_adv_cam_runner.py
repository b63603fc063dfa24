"""AdvCAM in mmengine's own test loop, which turns gradients off."""

import numpy as np
import pytest
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import branch
from projects.amr.structures import CAMRecord

ADV = {
    'scales': (0.5, 1.0),
    'output_stride': 2,
    'extractor': {'type': 'AdvCAM', 'num_steps': (1, 2)},
}
STILL = {**ADV, 'extractor': {'type': 'AdvCAM', 'num_steps': 0}}


@pytest.fixture
def run(toy_root, tmp_path):
    """Test a seeded random model; return its metrics, records, itself."""

    def _run(test_cfg, model=None, name='a', folder='cams'):
        cfg = tiny_config(toy_root, tmp_path / 'work', model)
        cfg.model.test_cfg = test_cfg
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.default_hooks.cam_writer.out_dir = str(tmp_path / folder)
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        metrics = runner.test()
        paths = sorted((tmp_path / folder).glob('*.npz'))
        return metrics, [CAMRecord.load(p) for p in paths], runner.model

    return _run


def test_both_branches_give_records_and_scores(run):
    metrics, records, model = run(ADV)
    assert len(records) == 8
    for record in records:
        assert set(record.branches) == {'spotlight', 'compensation'}
        for cam in record.branches.values():
            assert np.isin(cam.max((1, 2)), (0, 1)).all()
        np.testing.assert_allclose(
            record.cam,
            np.mean(list(record.branches.values()), axis=0),
            atol=1e-3,
        )
    for name in ('spotlight', 'compensation', 'weighted'):
        assert metrics[f'cam/{name}/mIoU_best'] > 0
    assert all(p.grad is None for p in model.parameters())
    assert any(p.requires_grad for p in model.parameters())


def test_settings_change_the_key_and_the_maps_but_not_the_scores(run):
    _, first, _ = run(ADV, branch(), 'a')
    _, plain, _ = run(STILL, branch(), 'b')
    assert len(first) == len(plain) == 8
    for one, other in zip(first, plain, strict=True):
        assert one.key != other.key
        np.testing.assert_array_equal(one.scores, other.scores)
    assert any(
        np.abs(one.cam - other.cam).max() > 1e-2
        for one, other in zip(first, plain, strict=True)
    )
    _, again, _ = run(ADV, branch(), 'c')
    for one, other in zip(first, again, strict=True):
        assert one.key == other.key
        np.testing.assert_array_equal(one.cam, other.cam)
