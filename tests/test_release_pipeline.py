"""The released code's chain: its configs, and what feeds what."""

from pathlib import Path

import pytest
from mmengine.config import Config

from projects.amr.runtime.checkpoints.pretrained import find_pretrained
from projects.amr.workflow.pipeline.stages import read_stages
from projects.amr.workflow.pipeline.workspace import StageContext, Workspace

ROOT = Path(__file__).parents[1]
PIPELINES = ROOT / 'configs/pipelines'


@pytest.fixture
def space(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('VOC_ROOT', str(tmp_path / 'voc'))
    stages = read_stages(Config.fromfile(PIPELINES / 'amr_voc12_release.py'))
    return Workspace(tmp_path / 'work', stages, seed=0)


def configs(space):
    """Resolved configs by stage."""
    return {
        stage.name: StageContext(stage, space).cfg
        for stage in space.stages
        if stage.config
    }


def test_stages_are_those_of_voc_behind_a_plain_classifier(space):
    names = [stage.name for stage in space.stages]
    voc = read_stages(Config.fromfile(PIPELINES / 'amr_voc12.py'))
    want = [stage.name for stage in voc]
    want.insert(want.index('cam_train'), 'plain_train')
    want[want.index('segmentor_val_tta_crf')] = 'segmentor_val_crf'
    assert names == want
    cfg = Config.fromfile(PIPELINES / 'amr_voc12_release.py')
    assert {row['stage'] for row in cfg.headline} <= set(names)


def test_release_switches_reach_every_stage(space):
    found = configs(space)
    ((_, start),) = [
        (key, source)
        for key, source in find_pretrained(found['cam_train'].model)
        if 'spotlight' in key and 'backbone' not in key
    ]
    assert start == str(space.folder('plain_train') / 'last_checkpoint')
    assert found['plain_train'].train_pipeline[4].type == 'RandomCutOut'
    for name in ('cam_train', 'cam_make'):
        assert found[name].model.detach_spotlight
    assert found['cam_make'].model.test_cfg.extractor.type == 'AdvCAM'
    for name in ('affinity_train', 'affinity_make'):
        assert found[name].model.interior_only
        assert found[name].model.test_cfg.cam_power == 1.5
    walk = found['pseudo_labels'].label_transform
    assert (walk.cam_power, walk.enlarge_by) == (1.5, 4)
    tests = [name for name in found if name.startswith('segmentor_')]
    assert len(tests) == 4
    assert all(found[name].model.test_cfg.fuse_scales for name in tests)
    for name, crf in (('segmentor_val_crf', 'dense'), ('segmentor_val', None)):
        assert found[name].default_hooks.label_writer.crf == crf
    root = str(space.work_dir.parent / 'voc')
    for name, cfg in found.items():
        assert cfg.test_dataloader.dataset.data_root == root, name
