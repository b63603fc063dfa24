"""The VOC configs on real images, with small networks: CAMs to labels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from affinity_configs import irnet_config
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from runner_configs import without_processes

from model_configs import backbone
from projects.amr.ops import resize_cam
from projects.amr.structures import CAMRecord
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.labels.label_job import LabelMapJob

CONFIGS = Path(__file__).parents[2] / 'configs'


def load(name, work_dir, **env):
    """A VOC config without worker processes and with its environment."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in env.items():
            patch.setenv(key, str(value))
        cfg = Config.fromfile(CONFIGS / name)
    without_processes(cfg)
    if cfg.get('train_cfg'):
        cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = work_dir.name
    return cfg


@pytest.fixture(scope='module')
def classified(voc_sample, tmp_path_factory):
    """Work dir and metrics of a small AMR, trained for one epoch."""
    folder = tmp_path_factory.mktemp('classifier')
    cfg = load('amr_r50_voc.py', folder, VOC_ROOT=voc_sample)
    plugins = cfg.model.compensation.backbone.plugins
    for name in ('spotlight', 'compensation'):
        part = cfg.model[name]
        part.backbone = backbone()
        part.head.in_channels = 128
    cfg.model.compensation.backbone.plugins = plugins
    cfg.model.test_cfg.scales = (0.25, 0.5)
    cfg.model.data_preprocessor.size = (128, 128)
    pipeline = cfg.train_dataloader.dataset.pipeline
    pipeline[1].update(min_side=96, max_side=160)
    pipeline[3].crop_size = (128, 128)
    cfg.train_dataloader.batch_size = 5
    # An epoch from random weights leaves some.
    cfg.default_hooks.cam_writer.max_empty = 1.0
    runner = Runner.from_cfg(cfg)
    runner.train()
    return folder, runner.test()


def image_sizes(voc_sample):
    """Size (H, W) of every image of the train split."""
    path = voc_sample / 'ImageSets' / 'Segmentation' / 'train.txt'
    sizes = {}
    for image_id in path.read_text().split():
        with Image.open(voc_sample / 'JPEGImages' / f'{image_id}.jpg') as im:
            sizes[image_id] = (im.height, im.width)
    return sizes


def test_cams_come_out_at_the_images_own_sizes(classified, voc_sample):
    folder, metrics = classified
    assert (folder / 'epoch_1.pth').is_file()
    assert 0 < metrics['cam/mIoU_best'] <= 100
    sizes = image_sizes(voc_sample)
    assert {(281, 500), (375, 500)} <= set(sizes.values())
    for image_id, size in sizes.items():
        record = CAMRecord.load(folder / 'cams' / f'{image_id}.npz')
        assert record.size == size
        full = resize_cam(torch.from_numpy(record.cam), record.size)
        assert tuple(full.shape[1:]) == size


def test_pseudo_labels_are_palette_pngs_of_the_same_sizes(
    classified, voc_sample, tmp_path
):
    cfg = load(
        'irnet_r50_voc.py',
        tmp_path,
        VOC_ROOT=voc_sample,
        CAM_DIR=classified[0] / 'cams',
        SEED_DIR=voc_sample / 'SegmentationClass',
    )
    cfg.model = {
        **irnet_config(),
        'data_preprocessor': cfg.model.data_preprocessor,
    }
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    metrics = runner.test()
    assert 0 < metrics['pseudo/mIoU_best'] <= 100
    cfg = load(
        'pseudo_labels_voc.py',
        tmp_path,
        VOC_ROOT=voc_sample,
        CAM_DIR=classified[0] / 'cams',
        BOUNDARY_DIR=tmp_path / 'boundaries',
    )
    cfg.test_dataloader.dataset.ann_file = 'ImageSets/Segmentation/train.txt'
    job = LabelMapJob(
        cfg.test_dataloader.dataset, cfg.label_transform, tmp_path / 'labels'
    )
    job.prepare(job.infos)
    for image_id, size in image_sizes(voc_sample).items():
        job.make(image_id)
        record = CAMRecord.load(classified[0] / 'cams' / f'{image_id}.npz')
        with Image.open(tmp_path / 'labels' / f'{image_id}.png') as image:
            assert image.mode == 'P'
            assert image.getpalette() == voc_palette().ravel().tolist()
            labels = np.asarray(image)
        assert labels.shape == size
        assert set(np.unique(labels)) <= {0, *(record.classes + 1)}
