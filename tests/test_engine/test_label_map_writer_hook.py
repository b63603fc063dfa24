import json

import numpy as np
import pytest
import torch
from cam_files import write_cam_files
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from PIL import Image
from runner_configs import contents, tiny_config
from segmentor_configs import on_disk

from projects.amr.datasets import VOCFolder
from projects.amr.ops.cam import cam_to_label
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
)


@MODELS.register_module(force=True)
class ThresholdingModel(BaseModel):
    """Stands for an affinity network: passes its CAM on, at a threshold."""

    def __init__(self, data_preprocessor, bg_thr=0.25):
        super().__init__(data_preprocessor)
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.bg_thr = bg_thr

    def forward(self, inputs, data_samples=None, mode='tensor'):
        for image, sample in zip(inputs, data_samples, strict=True):
            size = tuple(image.shape[-2:])
            meta = sample.cam_input
            classes = torch.tensor(meta.classes, dtype=torch.long)
            cam = meta.cam * self.weight
            labels = cam_to_label(cam, classes, size, self.bg_thr)
            sample.pred_cam = PixelData(
                metainfo={
                    'classes': meta.classes,
                    'maps': ('walked',),
                    'final': 'walked',
                    'size': size,
                },
                walked=cam,
            )
            sample.pred_sem_seg = PixelData(data=labels[None])
            edge = torch.full((1, size[0] // 4, size[1] // 4), 0.25)
            sample.pred_boundary = PixelData(data=edge)
        return data_samples


@pytest.fixture
def run(toy_root, tmp_path):
    """Test the stand-in on CAM records, with the hook."""
    write_cam_files(toy_root, tmp_path)

    def _run(name='a', changes=None, **hook):
        cfg = tiny_config(toy_root, tmp_path / 'work')
        cfg.model = {
            'type': 'ThresholdingModel',
            'data_preprocessor': cfg.model.data_preprocessor,
        }
        del cfg.default_hooks.cam_writer
        cfg.default_hooks.label_writer = {'type': 'LabelMapWriterHook', **hook}
        cfg.test_dataloader.dataset.pipeline = [
            {'type': 'LoadWeakLabelImage'},
            {'type': 'LoadMaskIfPresent'},
            {'type': 'LoadCAMRecord', 'cam_dir': str(tmp_path / 'cams')},
            {'type': 'PackAffinityInputs'},
        ]
        cfg.test_evaluator = [{'type': 'CAMIoUMetric', 'bg_thr': 0.25}]
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.merge_from_dict(changes or {})
        runner = Runner.from_cfg(cfg)
        metrics = runner.test()
        counts = {
            key: value
            for hook in runner.hooks
            for key, value in getattr(hook, '_counts', {}).items()
        }
        return metrics, counts, tmp_path / 'work' / 'labels'

    return _run


def test_writes_the_model_s_labels_and_scores_them(run, toy_root, tmp_path):
    metrics, counts, folder = run()
    assert counts == {'made': 8, 'kept': 0}
    for image_id in VOCFolder.open(toy_root, 'train').ids:
        record = CAMRecord.load(tmp_path / f'cams/{image_id}.npz')
        expected = cam_to_label(
            torch.from_numpy(record.cam),
            torch.from_numpy(record.classes),
            record.size,
            0.25,
        )
        labels, key = load_label_map(folder / f'{image_id}.png')
        np.testing.assert_array_equal(labels, expected)
        assert len(key) == 64
        with Image.open(folder / f'{image_id}.png') as image:
            assert image.mode == 'P'
    scores = on_disk(toy_root, folder, 'train')
    assert metrics['labels/mIoU'] == pytest.approx(np.nanmean(scores.iou))
    assert metrics['labels/mIoU'] == pytest.approx(metrics['cam/mIoU_fixed'])
    log = ''.join(p.read_text() for p in folder.parent.rglob('*.log'))
    assert f'labels/mIoU: {metrics["labels/mIoU"]:.4f}' in log


def test_rerun_makes_missing_and_damaged_items_only(run):
    first, _, folder = run(name='a')
    before = contents(folder, '.png')
    paths = sorted(folder.glob('*.png'))
    paths[0].unlink()
    paths[3].write_bytes(paths[3].read_bytes()[:60])
    second, counts, _ = run(name='b')
    assert counts == {'made': 2, 'kept': 6}
    assert contents(folder, '.png') == before
    assert second == first


def test_new_cam_makes_its_label_stale(run, toy_root, tmp_path):
    run(name='a')
    path = min((tmp_path / 'cams').glob('*.npz'))
    record = CAMRecord.load(path)
    record.key = 'another'
    record.save(path)
    assert run(name='b')[1] == {'made': 1, 'kept': 7}
    write_cam_files(toy_root, tmp_path, seed=1)
    assert run(name='c')[1] == {'made': 8, 'kept': 0}


def test_moved_cams_make_nothing_stale(run, tmp_path):
    _, _, folder = run(name='a')
    before = contents(folder, '.png')
    moved = (tmp_path / 'cams').rename(tmp_path / 'moved')
    place = 'test_dataloader.dataset.pipeline.2.cam_dir'
    _, counts, _ = run(name='b', changes={place: str(moved)})
    assert counts == {'made': 0, 'kept': 8}
    assert contents(folder, '.png') == before


def test_other_settings_redo_all(run):
    run(name='a')
    _, counts, folder = run(name='b', changes={'model.bg_thr': 0.3})
    assert counts['made'] == 8
    manifest = json.loads((folder / 'generation.json').read_text())
    assert {'weights', 'CRF'} <= set(manifest['made_from'])


def test_boundaries_are_written_once(run, tmp_path):
    run(name='a', type='BoundaryWriterHook')
    paths = sorted((tmp_path / 'work/boundaries').glob('*.npz'))
    assert len(paths) == 8
    assert (load_boundary_map(paths[0])[0] == 0.25).all()
    times = [path.stat().st_mtime_ns for path in paths]
    paths[2].unlink()
    _, counts, _ = run(name='b', type='BoundaryWriterHook')
    assert counts == {'made': 1, 'kept': 7}
    after = [path.stat().st_mtime_ns for path in paths]
    assert [a == b for a, b in zip(times, after, strict=True)].count(
        False
    ) == 1
