"""DeepLab-v2's VOC config on real images, shrunk: train, test, archive."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from runner_configs import without_processes
from segmentor_configs import on_disk

from projects.amr.datasets import VOCFolder
from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.workflow.export.voc_submission import (
    FOLDER,
    write_submission,
)

CONFIG = Path(__file__).parents[2] / 'configs' / 'deeplabv2_r101_voc.py'


@pytest.fixture(scope='module')
def tested(voc_sample, tmp_path_factory):
    """Work dir and metrics after two iterations, a quarter of the width."""
    folder = tmp_path_factory.mktemp('deeplab')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('VOC_ROOT', str(voc_sample))
        patch.setenv('LABEL_DIR', str(voc_sample / 'SegmentationClass'))
        cfg = Config.fromfile(CONFIG)
    drop_pretrained(cfg.model)
    cfg.model.backbone.update(base_channels=16, stem_channels=16)
    cfg.model.decode_head.in_channels = 512
    without_processes(cfg)
    cfg.train_dataloader.batch_size = 2
    cfg.train_dataloader.dataset.pipeline[3].crop_size = (65, 65)
    cfg.model.data_preprocessor.size = (65, 65)
    cfg.train_cfg.update(max_iters=2, val_interval=10)
    cfg.default_hooks.checkpoint.interval = 2
    names = (voc_sample / 'ImageSets/Segmentation/val.txt').read_text().split()
    (folder / 'some.txt').write_text('\n'.join(names[:4]))
    cfg.test_dataloader.dataset.ann_file = str(folder / 'some.txt')
    cfg.work_dir = str(folder)
    cfg.experiment_name = folder.name
    runner = Runner.from_cfg(cfg)
    runner.train()
    return folder, runner.test()


def test_predictions_are_scored_and_packed(tested, voc_sample):
    folder, metrics = tested
    assert (folder / 'iter_2.pth').is_file()
    split = VOCFolder.open(voc_sample, str(folder / 'some.txt'))
    assert len(split.ids) == 4
    scores = on_disk(voc_sample, folder / 'labels', str(folder / 'some.txt'))
    mean = np.nanmean(scores.iou)
    assert metrics['labels/mIoU'] == pytest.approx(mean)
    assert metrics['mIoU'] == pytest.approx(mean, abs=0.01)
    target = folder / 'out.tar.gz'
    assert write_submission(split, folder / 'labels', target) == 4
    with tarfile.open(target) as archive:
        for image_id in split.ids:
            stream = archive.extractfile(f'{FOLDER}/{image_id}.png')
            with Image.open(stream) as packed:
                assert packed.mode == 'P'
                size = packed.size
            with Image.open(split.image_path(image_id)) as image:
                assert image.size == size
