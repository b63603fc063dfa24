"""BatchNorm folded while a real runner tests a classifier."""

import numpy as np
import pytest
import torch
from known_classifier import Watched
from mmengine.runner import Runner
from runner_configs import contents, tiny_config
from torch.nn.modules.batchnorm import _BatchNorm

from projects.amr.runtime.files.fingerprint import weights_digest
from projects.amr.structures import CAMRecord

FUSE = {'default_hooks.fuse_conv_bn.type': 'FuseConvBNHook'}
FAST = {**FUSE, 'default_hooks.channels_last.type': 'ChannelsLastHook'}


@pytest.fixture
def run(toy_root, tmp_path):
    """Test a tiny model; returns runner, metrics, norms by image, folder."""

    def _run(name, folder='', **changes):
        cfg = tiny_config(toy_root, tmp_path / name)
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.default_hooks.cam_writer.out_dir = str(tmp_path / (folder or name))
        cfg.merge_from_dict(changes)
        runner = Runner.from_cfg(cfg)
        torch.manual_seed(0)
        runner.model.init_weights()
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
                torch.nn.init.uniform_(module.running_var, 0.1, 2)
        seen = []
        runner.model.cam_method = Watched(
            runner.model.cam_method,
            lambda model, images: seen.extend([norms(model)] * len(images)),
        )
        return runner, runner.test(), seen, tmp_path / (folder or name)

    return _run


def norms(model):
    return sum(isinstance(m, _BatchNorm) for m in model.modules())


@pytest.mark.parametrize('options', [FUSE, FAST])
def test_records_are_the_same_to_rounding(run, options):
    plain = run('plain')
    runner, metrics, seen, folder = run('plain2', 'fast', **options)
    assert plain[2] == [34] * 8
    assert seen == [0] * 8
    # Afterwards the model is the one that was loaded.
    assert norms(runner.model) == 34
    assert weights_digest(runner.model) == weights_digest(plain[0].model)
    for path in sorted(plain[3].glob('*.npz')):
        one, other = (
            CAMRecord.load(f / path.name) for f in (plain[3], folder)
        )
        assert one.key == other.key
        assert one.classes.tolist() == other.classes.tolist()
        np.testing.assert_allclose(other.scores, one.scores, atol=1e-5)
        maps = ((one.cam, other.cam), *branches(one, other))
        for mine, its in maps:
            np.testing.assert_allclose(
                its.astype(float), mine, atol=1e-5 + 2**-11
            )
    assert metrics['cam/mIoU_fixed'] == pytest.approx(
        plain[1]['cam/mIoU_fixed'], abs=0.1
    )


def test_averaged_weights_are_tested_unfolded(run):
    ema = {'custom_hooks': [{'type': 'EMAHook'}]}
    plain = run('plain', **ema)
    runner, metrics, seen, _ = run('fuse', **ema, **FUSE)
    assert seen == [34] * 8
    assert metrics == plain[1]
    assert weights_digest(runner.model) == weights_digest(plain[0].model)


def branches(one, other):
    return [
        (one.branches[name], other.branches[name]) for name in one.branches
    ]


def test_records_made_without_are_kept(run, tmp_path):
    run('a', 'cams')
    before = contents(tmp_path / 'cams')
    *_, seen, folder = run('b', 'cams', **FUSE)
    assert len(before) == 8
    assert contents(folder) == before
    assert seen == []
