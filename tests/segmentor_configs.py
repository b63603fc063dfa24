"""Small segmentors, labelled samples and whole configs for tests."""

from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from model_configs import backbone
from projects.amr.datasets import VOCFolder
from projects.amr.evaluation.mask_evaluation import MaskScores, evaluate_masks

TOY = Path(__file__).parents[1] / 'configs/toy/deeplabv2_r26_toyvoc.py'
NUM_LABELS = 4


def head_config(**changes) -> dict:
    """A DeepLab-v2 head on 128 channels."""
    return {
        'type': 'DeepLabV2Head',
        'in_channels': 128,
        'num_classes': NUM_LABELS,
        'dilations': (1, 2),
        'loss_decode': {'type': 'mmseg.CrossEntropyLoss'},
        **changes,
    }


def segmentor_config(**changes) -> dict:
    """The tests' backbone (BatchNorm in eval mode) with such a head."""
    return {
        'type': 'MultiScaleLossEncoderDecoder',
        'backbone': backbone(norm_eval=True),
        'decode_head': head_config(),
        'test_cfg': ConfigDict(mode='whole'),
        **changes,
    }


def meta(size):
    """A sample as the packing leaves it."""
    return SegDataSample(
        metainfo={'ori_shape': size, 'img_shape': size, 'pad_shape': size}
    )


def labelled(count: int = 2, size=(33, 47)) -> list:
    """Samples with labels of all kinds, 255 included."""
    samples = [SegDataSample() for _ in range(count)]
    for sample in samples:
        values = torch.tensor([*range(NUM_LABELS), 255])
        labels = values[torch.randint(len(values), (1, *size))]
        sample.gt_sem_seg = PixelData(data=labels)
    return samples


def tiny_segmentor(root: Path, work_dir: Path, **changes) -> Config:
    """The toy config with a tiny model, four iterations and true masks."""
    cfg = Config.fromfile(TOY)
    model = segmentor_config(decode_head=head_config(num_classes=5))
    model['data_preprocessor'] = {
        **cfg.model.data_preprocessor,
        'size': (48, 48),
    }
    cfg.model = model
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.data_root = str(root)
    train = cfg.train_dataloader
    train.batch_size = 2
    train.dataset.data_prefix.seg_map_path = 'SegmentationClass'
    train.dataset.pipeline[2].scale = (48, 48)
    train.dataset.pipeline[3].crop_size = (48, 48)
    cfg.train_cfg.update(max_iters=4, val_interval=4)
    cfg.param_scheduler.end = 4
    cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=-1)
    cfg.default_hooks.logger.interval = 1
    cfg.work_dir = str(work_dir)
    cfg.launcher = 'none'
    cfg.experiment_name = work_dir.name
    cfg.merge_from_dict(changes)
    return cfg


def on_disk(root: Path, folder: Path, split: str = 'val') -> MaskScores:
    """Scores of the label maps in a folder."""
    found = VOCFolder.open(root, split)
    return evaluate_masks(
        [(folder / f'{i}.png', found.mask_path(i)) for i in found.ids],
        found.classes,
    )
