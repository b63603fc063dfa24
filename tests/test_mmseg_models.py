"""mmseg's own models train a step on label maps of own classes."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmseg.registry import MODELS

from projects.amr.runtime.checkpoints.pretrained import drop_pretrained
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.workflow.launch.own_classes import fit_classes

CONFIGS = Path(__file__).parents[1] / 'configs' / 'mmseg_models'
CLASSES = ('background', 'a', 'b', 'c', 'd')


@pytest.mark.parametrize(
    'path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem
)
def test_a_step_on_own_labels(path, toy_root, tmp_path):
    cfg = read_config(str(path))
    fit_classes(cfg, CLASSES)
    drop_pretrained(cfg.model)
    loader = cfg.train_dataloader
    loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    loader.dataset.data_root = str(toy_root)
    loader.dataset.ann_file = 'ImageSets/Segmentation/train.txt'
    loader.dataset.data_prefix.seg_map_path = 'SegmentationClass'
    cfg.model.data_preprocessor.size = (48, 48)
    loader.dataset.pipeline[2].scale = (60, 60)
    loader.dataset.pipeline[3].crop_size = (48, 48)
    loader = Runner.build_dataloader(loader, seed=0)
    assert loader.dataset.metainfo['classes'] == CLASSES
    palette = np.array(loader.dataset.metainfo['palette'])
    assert (palette == voc_palette(5)).all()

    model = MODELS.build(cfg.model)
    model.train()
    (data,) = itertools.islice(loader, 1)
    batch = model.data_preprocessor(data, training=True)
    masks = [sample.gt_sem_seg.data for sample in batch['data_samples']]
    for mask in masks:
        assert mask.shape == (1, 48, 48)
        assert set(mask.unique().tolist()) <= {*range(5), 255}
    logits = model.decode_head(model.extract_feat(batch['inputs']))
    assert logits.shape[1] == 5
    losses, _ = model.parse_losses(model(**batch, mode='loss'))
    assert torch.isfinite(losses)
    losses.backward()
    # Pixels of 255 count in no loss.
    for mask in masks:
        mask.fill_(255)
    found = model(**batch, mode='loss')
    assert all(v == 0 for k, v in found.items() if 'loss' in k)
