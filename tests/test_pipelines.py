"""Pipelines: stages that resolve, and what feeds what."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS, OPTIM_WRAPPERS

from projects.amr.datasets.toy_voc import PRESETS, class_names
from projects.amr.engine.mixed_precision import BFloat16OptimWrapper
from projects.amr.errors import UserError
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
)
from projects.amr.runtime.files.progress import Reporter
from projects.amr.workflow.pipeline.runner import PipelineRunner
from projects.amr.workflow.pipeline.stages import read_stages
from projects.amr.workflow.pipeline.workspace import StageContext, Workspace

ROOT = Path(__file__).parents[1]
PIPELINES = ROOT / 'configs' / 'pipelines'
NAMES = ('background', *class_names(20))


def stages_of(name):
    return read_stages(Config.fromfile(PIPELINES / f'{name}.py'))


@pytest.fixture
def data_root(tmp_path, monkeypatch):
    """Place of the set, in which there is nothing yet."""
    monkeypatch.chdir(ROOT)
    for name in ('TOYVOC_ROOT', 'VOC_ROOT'):
        monkeypatch.setenv(name, str(tmp_path / 'set'))
    return tmp_path / 'set'


@pytest.fixture
def space(data_root, tmp_path):
    """The rehearsal at VOC's size, with 20 toy classes."""
    return Workspace(tmp_path / 'work', stages_of('amr_toyvoc_scale'), seed=0)


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
    voc = stages_of('amr_voc12')
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
    [*sorted(PIPELINES.glob('*.py')), ROOT / 'configs/own_data_example.py'],
    ids=lambda path: path.stem,
)
def test_every_pipeline_config_can_be_written_into_the_report(path):
    cfg = Config.fromfile(path)
    again = Config.fromstring(cfg.pretty_text, '.py')
    assert read_stages(again) == read_stages(cfg)
    assert not any(callable(value) for value in cfg.to_dict().values())


def test_stages_are_those_of_voc_behind_a_plain_classifier():
    names = [stage.name for stage in stages_of('amr_voc12_release')]
    want = [stage.name for stage in stages_of('amr_voc12')]
    want.insert(want.index('cam_train'), 'plain_train')
    want[want.index('segmentor_val_tta_crf')] = 'segmentor_val_crf'
    assert names == want
    cfg = Config.fromfile(PIPELINES / 'amr_voc12_release.py')
    assert {row['stage'] for row in cfg.headline} <= set(names)


def test_release_switches_reach_every_stage(data_root, tmp_path):
    stages = stages_of('amr_voc12_release')
    space = Workspace(tmp_path / 'work', stages, seed=0)
    found = {s.name: StageContext(s, space).cfg for s in stages if s.config}
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
    for name, cfg in found.items():
        assert cfg.test_dataloader.dataset.data_root == str(data_root), name


def chain(name):
    """Stages by name of another system on EfficientNet-Lite."""
    return {stage.name: stage for stage in stages_of(f'amr_lite0_{name}')}


@pytest.mark.parametrize(
    ('name', 'configs', 'labels'),
    [
        (
            'affinitynet',
            {
                'seeds': 'seeds_voc_affinitynet',
                'affinity_train': 'affinitynet_lite0_voc',
                'affinity_make': 'affinitynet_lite0_voc',
            },
            'affinity_make',
        ),
        (
            'bes',
            {
                'seeds': 'seeds_voc_bes',
                'affinity_train': 'bes_lite0_voc',
                'affinity_make': 'bes_lite0_voc',
                'pseudo_labels': 'pseudo_labels_voc_bes',
            },
            'pseudo_labels',
        ),
        (
            'oaa',
            {'cam_train': 'cam_lite0_voc_oaa', 'seeds': 'seeds_voc'},
            'pseudo_labels',
        ),
        (
            'oaaplus',
            {
                'oaa_train': 'cam_lite0_voc_oaa',
                'cam_train': 'oaaplus_lite0_voc',
                'cam_make': 'oaaplus_lite0_voc',
            },
            'pseudo_labels',
        ),
        (
            'sccam',
            {
                'plain_train': 'cam_lite0_voc',
                'cam_train': 'sccam_lite0_voc',
                'cam_make': 'sccam_lite0_voc',
                'affinity_train': 'irnet_lite0_voc',
            },
            'pseudo_labels',
        ),
    ],
)
def test_the_chain_takes_the_systems_configs(name, configs, labels):
    stages = chain(name)
    assert {n: Path(stages[n].config).stem for n in configs} == configs
    env = stages['segmentor_train'].env
    assert env['LABEL_DIR'] == f'{{{labels}.labels}}'
    if labels == 'affinity_make':
        assert stages[labels].outputs.keys() == {'labels'}
        assert 'pseudo_labels' not in stages


def test_the_second_round_of_sc_cam_reads_the_first_one_s_clusters():
    stages = chain('sccam')
    order = list(stages)
    assert order.index('plain_train') < order.index('clusters')
    assert ('plain_train', 'checkpoint') in stages['clusters'].references()
    ((key, value),) = stages['cam_train'].cfg_options.items()
    assert value == '{clusters.file}'
    cfg = Config.fromfile(PIPELINES.parent / 'sccam_lite0_voc.py')
    for part in key.split('.'):
        cfg = cfg[int(part)] if part.isdigit() else cfg[part]
    assert str(cfg).endswith('.npz')


def test_accumulated_cams_take_the_place_of_those_of_a_test():
    stages = chain('oaa')
    assert 'cam_make' not in stages
    for name in ('seeds', 'affinity_train', 'affinity_make', 'pseudo_labels'):
        assert ('cam_train', 'accumulated_cams') in stages[name].references()
    found = chain('oaaplus')['cam_train'].references()
    assert found == [('oaa_train', 'accumulated_cams')]


def test_a_training_s_outputs_are_known_ones():
    config = PIPELINES.parent / 'cam_lite0_voc.py'
    stage = dict(name='a', kind='train', config=str(config), outputs=['cams'])
    with pytest.raises(UserError, match='cams'):
        read_stages(Config(dict(stages=[stage])))
    stage['outputs'] = ['accumulated_cams']
    (found,) = read_stages(Config(dict(stages=[stage])))
    assert found.outputs == {
        'accumulated_cams': '{stage}/accumulated_cams',
        'checkpoint': '{stage}/last_checkpoint',
    }
