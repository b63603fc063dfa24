from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.workflow.pipeline.overrides import override_stages
from projects.amr.workflow.pipeline.stages import read_stages

VOC = Path(__file__).parents[3] / 'configs/pipelines/amr_voc12.py'
STAGES = [
    {'name': 'cam_train', 'config': 'a.py', 'env': {'ROOT': 'voc'}},
    {
        'name': 'cam_make',
        'config': 'a.py',
        'outputs': ['cams'],
        'cfg_options': {'x.y': 1, 'x.z': {'u': 2}},
    },
    {'name': 'seeds', 'arguments': ['a', 'b'], 'outputs': {'labels': 'l'}},
]


def overridden(**overrides):
    """Resolved stages by name, and proof that the inherited ones stay."""
    before = deepcopy(STAGES)
    stages = override_stages(STAGES, overrides)
    assert before == STAGES
    return {stage['name']: stage for stage in stages}


@pytest.mark.parametrize(
    ('name', 'override', 'wanted'),
    [
        (
            'cam_train',
            {'config': 'b.py', 'env': {'LIST': 't'}},
            {'config': 'b.py', 'env': {'ROOT': 'voc', 'LIST': 't'}},
        ),
        (
            'cam_train',
            {'env': {'_delete_': True, 'LIST': 't'}},
            {'config': 'a.py', 'env': {'LIST': 't'}},
        ),
        (
            'cam_train',
            {'_delete_': True, 'tool': 't.py', 'env': {'LIST': 't'}},
            {'tool': 't.py', 'env': {'LIST': 't'}},
        ),
        # A value of cfg_options is the user's, dict, None and all.
        (
            'cam_make',
            {
                'outputs': ['labels'],
                'cfg_options': {
                    'x.y': None,
                    'x.z': {'_delete_': True, 'v': 3},
                },
            },
            {
                'config': 'a.py',
                'outputs': ['labels'],
                'cfg_options': {
                    'x.y': None,
                    'x.z': {'_delete_': True, 'v': 3},
                },
            },
        ),
        (
            'seeds',
            {'arguments': ['c'], 'outputs': {'report': 'r'}},
            {'arguments': ['c'], 'outputs': {'labels': 'l', 'report': 'r'}},
        ),
    ],
)
def test_one_stage_is_changed_and_no_other(name, override, wanted):
    stages = overridden(**{name: override})
    assert stages.pop(name) == {'name': name, **wanted}
    assert list(stages.values()) == [s for s in STAGES if s['name'] != name]


def test_patterns_come_before_names_wherever_they_stand():
    stages = overridden(
        cam_make={'env': {'A': 'name'}},
        **{'cam_*': {'env': {'A': 'pattern', 'B': 'b'}}},
    )
    assert stages['cam_train']['env'] == {
        'ROOT': 'voc',
        'A': 'pattern',
        'B': 'b',
    }
    assert stages['cam_make']['env'] == {'A': 'name', 'B': 'b'}
    assert stages['seeds'] == STAGES[2]


@pytest.mark.parametrize(
    ('overrides', 'names'),
    [
        ({'new': {'_before_': 'cam_train'}}, 'new cam_train cam_make seeds'),
        ({'new': {'_before_': 'seeds'}}, 'cam_train cam_make new seeds'),
        ({'new': {'_after_': 'seeds'}}, 'cam_train cam_make seeds new'),
        (
            {'new': {'_after_': 'cam_train'}, 'more': {'_after_': 'new'}},
            'cam_train new more cam_make seeds',
        ),
        ({'cam_make': None}, 'cam_train seeds'),
        ({'cam_*': None}, 'seeds'),
        # In the place of one that goes.
        (
            {'cam_make': None, 'new': {'_after_': 'cam_make'}},
            'cam_train new seeds',
        ),
    ],
)
def test_stages_are_put_in_and_taken_out(overrides, names):
    stages = overridden(**overrides)
    assert list(stages) == names.split()
    if 'new' in stages:
        assert stages['new'] == {'name': 'new'}


@pytest.mark.parametrize(
    ('overrides', 'name'),
    [
        ({'seed': {}}, 'seed'),
        ({'seed': None}, 'seed'),
        ({'seg_*': {}}, 'seg_*'),
        ({'new': {'_before_': 'x'}}, 'x'),
        ({'new': {'_before_': 'new'}}, 'new'),
        ({'seeds': {'_after_': 'cam_make'}}, 'seeds'),
        ({'new': {'_after_': 'seeds', '_before_': 'seeds'}}, '_before_'),
        ({'seeds': 'none'}, 'none'),
        ({'seeds': {'name': 'labels'}}, 'seeds'),
        ({'cam_*': None, 'cam_make': {}}, 'cam_make'),
    ],
)
def test_bad_overrides_are_refused(overrides, name):
    with pytest.raises(UserError) as caught:
        override_stages(STAGES, overrides)
    assert name in str(caught.value)


def test_a_config_inherits_stages_in_two_steps(tmp_path):
    """mmengine merges the overrides of a child into those of its parent."""
    tool = "kind='tool', tool='make_seeds.py'"
    (tmp_path / 'a.py').write_text(
        f"stages = [dict(name='s', {tool}, arguments=['x'], "
        "env=dict(A='1'))]\n"
    )
    (tmp_path / 'b.py').write_text(
        "_base_ = './a.py'\nstage_overrides = dict(s=dict(env=dict(B='2')))\n"
    )
    (tmp_path / 'c.py').write_text(
        "_base_ = './b.py'\nstage_overrides = dict(\n"
        "    s=dict(env=dict(C='3')),\n"
        f"    t=dict(_after_='s', {tool}))\n"
    )
    cfg = Config.fromfile(tmp_path / 'c.py')
    first, second = read_stages(cfg)
    assert first.env == {'A': '1', 'B': '2', 'C': '3'}
    assert first.arguments == ('x',)
    assert (second.name, second.env) == ('t', {})
    assert 'stage_overrides' not in cfg
    assert [stage.name for stage in read_stages(cfg)] == ['s', 't']


def test_the_summary_forgets_removed_stages():
    cfg = Config.fromfile(VOC)
    names = ('segmentor_val_tta_crf', 'segmentor_train_split')
    cfg.stage_overrides = dict.fromkeys(names)
    before, roles = cfg.headline, cfg.roles.to_dict()
    stages = read_stages(cfg)
    assert not {stage.name for stage in stages} & set(names)
    assert cfg.headline == before[:-1]
    assert before[-1].stage == 'segmentor_val_tta_crf'
    assert roles.pop('predictions') == '{segmentor_train_split.labels}'
    assert cfg.roles.to_dict() == roles
