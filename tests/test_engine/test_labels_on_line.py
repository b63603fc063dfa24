"""A segmentor that learns from labels made within its training pipeline."""

import numpy as np
from cam_files import write_cam_files, write_label_config
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from segmentor_configs import tiny_segmentor

from projects.amr.structures import load_label_map
from projects.amr.workflow.labels.label_job import LabelMapJob


class SeenLabels(Hook):
    """Keeps the labels that a training was given, by image file."""

    def __init__(self):
        self.labels = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for sample in data_batch['data_samples']:
            labels = sample.gt_sem_seg.data[0].numpy()
            self.labels[sample.img_path] = labels


def test_a_segmentor_learns_from_labels_made_on_line(toy_root, tmp_path):
    """They are those that the tool writes, transformed with the image."""
    write_cam_files(toy_root, tmp_path)
    walk = {'type': 'RandomWalkPseudoLabel', 'radius': 3, 'bg_thr': 0.5}
    labels = Config.fromfile(
        write_label_config(tmp_path / 'a.py', toy_root, tmp_path, **walk)
    )
    dataset = labels.test_dataloader.dataset
    job = LabelMapJob(dataset, labels.label_transform, tmp_path / 'labels')
    job.prepare(job.infos)

    cfg = tiny_segmentor(toy_root, tmp_path / 'work')
    cfg.train_dataloader.dataset = {
        **dataset,
        'test_mode': False,
        'pipeline': [
            *dataset.pipeline,
            labels.label_transform,
            {'type': 'RandomFlip', 'prob': 1.0},
            {'type': 'PackLabelMapInputs'},
        ],
    }
    runner = Runner.from_cfg(cfg)
    seen = SeenLabels()
    runner.register_hook(seen)
    runner.train()
    assert runner.iter == 4
    assert len(seen.labels) >= 4
    ids = {info['img_path']: item for item, info in job.infos.items()}
    for path, found in seen.labels.items():
        job.make(ids[path])
        written, _ = load_label_map(tmp_path / f'labels/{ids[path]}.png')
        np.testing.assert_array_equal(found, written[:, ::-1])
    values = np.concatenate([x.ravel() for x in seen.labels.values()])
    assert len(np.unique(values)) > 2
