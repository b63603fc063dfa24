"""The VOC config on real images, with small networks."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from model_configs import backbone
from projects.amr.ops import resize_cam
from projects.amr.structures import CAMRecord

CONFIG = Path(__file__).parents[2] / 'configs' / 'amr_r50_voc.py'


def test_train_and_test_on_real_images(voc_sample, tmp_path, monkeypatch):
    monkeypatch.setenv('VOC_ROOT', str(voc_sample))
    cfg = Config.fromfile(CONFIG)
    plugins = cfg.model.compensation.backbone.plugins
    for name in ('spotlight', 'compensation'):
        part = cfg.model[name]
        part.backbone = backbone()
        part.head.in_channels = 128
    cfg.model.compensation.backbone.plugins = plugins
    cfg.model.test_cfg.scales = (0.25, 0.5)
    cfg.model.data_preprocessor.size = (128, 128)
    cfg.train_dataloader.dataset.pipeline[1].update(min_side=96, max_side=160)
    cfg.train_dataloader.dataset.pipeline[3].crop_size = (128, 128)
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].num_workers = 0
        cfg[f'{name}_dataloader'].persistent_workers = False
    cfg.train_dataloader.batch_size = 5
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = tmp_path.name
    runner = Runner.from_cfg(cfg)
    runner.train()
    metrics = runner.test()
    assert (tmp_path / 'epoch_1.pth').is_file()
    assert 0 < metrics['cam/mIoU_best'] <= 100
    ids = (voc_sample / 'ImageSets/Segmentation/train.txt').read_text().split()
    sizes = set()
    for image_id in ids:
        record = CAMRecord.load(tmp_path / 'cams' / f'{image_id}.npz')
        with Image.open(voc_sample / 'JPEGImages' / f'{image_id}.jpg') as im:
            assert record.size == (im.height, im.width)
        full = resize_cam(torch.from_numpy(record.cam), record.size)
        assert tuple(full.shape[1:]) == record.size
        sizes.add(record.size)
    assert {(281, 500), (375, 500)} <= sizes
