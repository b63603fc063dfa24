"""Whole runs on a pretended GPU: hooks, metrics, writers and optimiser."""

from pathlib import Path

import numpy as np
import pytest
import torch
from affinity_configs import irnet_config
from cam_files import write_cam_files
from gpu_cases import use_in_mmengine
from mmengine.config import Config
from mmengine.runner import Runner
from pretended_gpu import CPU, GPU, PretendedGPU, pretended_autocast
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor
from torch_versions import needs_torch_after_2_1

from projects.amr.runtime.checkpoints.random_state import get_random_state

IRNET = Path(__file__).parents[2] / 'configs/toy/irnet_r26_toyvoc.py'
FAST = {
    'channels_last': {'type': 'ChannelsLastHook'},
    'fuse_conv_bn': {'type': 'FuseConvBNHook'},
}


def classifier(root, folder):
    """AMR, its CAM records and pictures of them."""
    cfg = tiny_config(root, folder)
    cfg.default_hooks.cam_writer.out_dir = str(folder / 'cams')
    cfg.default_hooks.update(FAST)
    cfg.default_hooks.visualization.out_dir = str(folder / 'pictures')
    return cfg


def segmentor(root, folder):
    """DeepLab-v2, label maps after a CRF on its scores, and pictures."""
    cfg = tiny_segmentor(root, folder)
    cfg.default_hooks.label_writer.crf = 'dense'
    cfg.default_hooks.visualization.out_dir = str(folder / 'pictures')
    return cfg


def with_tta(root, folder):
    """The same with test-time augmentation."""
    cfg = segmentor(root, folder)
    cfg.train_cfg = cfg.train_dataloader = cfg.optim_wrapper = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.param_scheduler = None
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    varied = {'type': 'Normal', 'layer': 'Conv2d', 'std': 1}
    cfg.model.decode_head.init_cfg = varied
    cfg.model = {**cfg.tta_model, 'module': cfg.model}
    return cfg


def affinity(root, folder):
    """IRNet, label maps and boundary maps."""
    cfg = Config.fromfile(IRNET)
    cfg.model = {
        **irnet_config(),
        'data_preprocessor': cfg.model.data_preprocessor,
    }
    write_cam_files(root, folder)
    train = cfg.train_dataloader
    train.batch_size = 4
    train.dataset.data_root = str(root)
    train.dataset.data_prefix.seg_map_path = 'SegmentationClass'
    cfg.train_cfg.max_epochs = 1
    dataset = cfg.test_dataloader.dataset
    dataset.data_root = str(root)
    dataset.pipeline[3].cam_dir = str(folder / 'cams')
    cfg.default_hooks.boundary_writer.out_dir = str(folder / 'made')
    cfg.work_dir = str(folder)
    cfg.launcher = 'none'
    return cfg


def run(make, root, folder):
    """Train and test; the runner, metrics and the files it wrote."""
    folder.mkdir()
    cfg = make(root, folder)
    cfg.experiment_name = f'{folder.parent.name}_{folder.name}'
    cfg.randomness = {'seed': 0}
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    if cfg.get('train_cfg'):
        runner.train()
    metrics = runner.test()
    return runner, metrics, written(folder)


def written(folder):
    """Contents of what was written, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for suffix in ('npz', 'png')
        for path in folder.rglob(f'*.{suffix}')
    }


@pytest.mark.parametrize('make', [classifier, segmentor, with_tta, affinity])
def test_a_run_is_that_of_the_cpu(make, toy_root, tmp_path, monkeypatch):
    use_in_mmengine(monkeypatch, 'cpu')  # where there is a real one too
    home, expected, files = run(make, toy_root, tmp_path / 'cpu')
    use_in_mmengine(monkeypatch, 'cuda')
    with PretendedGPU():
        runner, metrics, found = run(make, toy_root, tmp_path / 'gpu')
        assert {p.device for p in runner.model.parameters()} == {GPU}
        weights = {k: v.cpu() for k, v in runner.model.state_dict().items()}
        random = get_random_state()
    assert metrics == pytest.approx(expected, rel=1e-3, nan_ok=True)
    assert len(metrics) >= 3
    torch.testing.assert_close(weights, dict(home.model.state_dict()))
    assert files.keys() == found.keys()
    assert len(files) > 4
    same = [files[name] == found[name] for name in files]
    assert np.mean(same) > 0.8  # but for rounding
    assert random['torch'].device == CPU
    last = tmp_path / 'gpu' / 'last_checkpoint'
    if make is not with_tta:
        saved = torch.load(last.read_text(), weights_only=False)
        torch.testing.assert_close(dict(saved['state_dict']), weights)


@needs_torch_after_2_1('no autocast to float16 on a CPU')
def test_half_precision_from_end_to_end(toy_root, tmp_path, monkeypatch):
    def half(root, folder):
        cfg = classifier(root, folder)
        cfg.optim_wrapper.type = 'BFloat16OptimWrapper'
        return cfg

    use_in_mmengine(monkeypatch, 'cuda')
    with PretendedGPU(), pretended_autocast(monkeypatch, torch.bfloat16):
        runner, metrics, files = run(half, toy_root, tmp_path / 'a')
    assert 0 < metrics['cam/mIoU_best'] <= 100
    assert files
    assert {p.dtype for p in runner.model.parameters()} == {torch.float32}
