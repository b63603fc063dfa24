"""The rehearsal at VOC's size: stages that resolve, with 20 toy classes."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS, OPTIM_WRAPPERS

from projects.amr.datasets.toy_voc import PRESETS, class_names
from projects.amr.engine.mixed_precision import BFloat16OptimWrapper
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
)
from projects.amr.runtime.files.progress import Reporter
from projects.amr.workflow.pipeline.runner import PipelineRunner
from projects.amr.workflow.pipeline.stages import read_stages
from projects.amr.workflow.pipeline.workspace import StageContext, Workspace

ROOT = Path(__file__).parents[1]
CONFIG = 'configs/pipelines/amr_toyvoc_scale.py'
NAMES = ('background', *class_names(20))


@pytest.fixture
def data_root(tmp_path, monkeypatch):
    """Place of the set, in which there is nothing yet."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('TOYVOC_ROOT', str(tmp_path / 'set'))
    return tmp_path / 'set'


@pytest.fixture
def space(data_root, tmp_path):
    stages = read_stages(Config.fromfile(CONFIG))
    return Workspace(tmp_path / 'work', stages, seed=0)


@pytest.fixture
def manifest(data_root):
    """What says that the set is there, without its images."""
    data_root.mkdir()
    content = {
        'classes': class_names(20),
        'spec': asdict(PRESETS['scale']),
    }
    (data_root / 'toyvoc.json').write_text(json.dumps(content))


def test_stages_are_those_of_voc_and_wait_for_the_set(space):
    voc = read_stages(Config.fromfile('configs/pipelines/amr_voc12.py'))
    names = [stage.name for stage in space.stages]
    assert names == ['toy_set', *(stage.name for stage in voc)]
    for stage, twin in zip(space.stages[1:], voc, strict=True):
        assert (stage.kind, stage.config) == (twin.kind, twin.config)
    lines = PipelineRunner(space, Reporter()).explain(space.stages)
    assert [name for name, _ in lines] == names
    assert all(what.startswith('would run') for _, what in lines)
    assert not space.work_dir.exists()


def test_set_has_the_size_of_voc():
    spec = PRESETS['scale']
    assert spec.num_train + spec.num_extra == 10582
    assert (spec.num_train, spec.num_val) == (1464, 1449)


def test_every_stage_s_config_has_the_toy_classes(space, manifest, data_root):
    checked = []
    for stage in space.stages:
        if not stage.config:
            continue
        cfg = StageContext(stage, space).cfg
        loader = cfg[f'{stage.kind}_dataloader']
        assert loader.dataset.data_root == str(data_root)
        assert loader.dataset.metainfo['classes'] == NAMES
        assert loader.dataset.type in DATASETS
        checked.append(stage.name)
        if 'model' not in cfg:  # seeds and pseudo labels
            continue
        drop_pretrained(cfg.model)
        with torch.device('meta'):
            model = MODELS.build(cfg.model)
        heads = [
            module.out_channels
            for name, module in model.named_modules()
            if ('classifier' in name and 'boundary' not in name)
            or 'decode_head.convs.' in name
        ]
        assert set(heads) <= {20, 21}
        assert heads or stage.config == 'configs/irnet_r50_voc.py'
    assert len(checked) == 10


def test_trainings_are_in_bfloat16_and_need_no_download(space, manifest):
    trainings = [stage for stage in space.stages if stage.kind == 'train']
    assert len(trainings) == 3
    for stage in trainings:
        cfg = StageContext(stage, space).cfg
        kind = OPTIM_WRAPPERS.get(cfg.optim_wrapper.type)
        assert kind is BFloat16OptimWrapper
        if '--no-pretrained' in stage.arguments:
            continue
        (weights,) = find_pretrained(cfg.model.to_dict())
        assert weights[1].startswith(str(space.folder('cam_train')))
        assert cfg.model.backbone.init_cfg.prefix == 'spotlight.backbone.'


@pytest.mark.parametrize(
    'path',
    [*sorted((ROOT / 'configs/pipelines').glob('*.py')), 'own_data_example'],
    ids=lambda path: Path(path).stem,
)
def test_every_pipeline_config_can_be_written_into_the_report(path):
    if path == 'own_data_example':
        path = ROOT / 'configs/own_data_example.py'
    cfg = Config.fromfile(path)
    again = Config.fromstring(cfg.pretty_text, '.py')
    assert read_stages(again) == read_stages(cfg)
    assert not any(callable(value) for value in cfg.to_dict().values())
