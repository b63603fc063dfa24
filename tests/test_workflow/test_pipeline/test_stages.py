from pathlib import Path

import pytest
from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline.stages import (
    choose,
    read_stages,
)

TOOL = {'kind': 'tool', 'tool': 'make_seeds.py'}


def stages_of(folder, *entries):
    """Write a pipeline config and read its stages."""
    path = folder / 'p.py'
    path.write_text(f"name = 'p'\nstages = {list(entries)!r}\n")
    return read_stages(Config.fromfile(path))


@pytest.fixture
def chain(tmp_path):
    """Four stages: b needs a, c needs b, d needs none."""
    return stages_of(
        tmp_path,
        {**TOOL, 'name': 'a', 'outputs': {'x': '{stage}/x'}},
        {
            **TOOL,
            'name': 'b',
            'arguments': ['{a.x}'],
            'outputs': {'y': '{stage}/y', 'z': '{stage}/z'},
        },
        {**TOOL, 'name': 'c', 'env': {'DIR': '{b.y}:{b.z}:{b.y}'}},
        {**TOOL, 'name': 'd', 'arguments': ['3']},
    )


def test_configs_of_the_repository_are_found_from_anywhere(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    name = 'configs/amr_r50_voc.py'
    entry = {'kind': 'train', 'name': 'a', 'config': name}
    (stage,) = stages_of(tmp_path, entry)
    assert Path(stage.config) == ROOT / name
    # One that lies where the command is given comes first.
    (tmp_path / 'configs').mkdir()
    (tmp_path / name).write_text('')
    (stage,) = stages_of(tmp_path, entry)
    assert stage.config == name
    entry['config'] = 'configs/amr_r50_vco.py'
    with pytest.raises(UserError) as caught:
        stages_of(tmp_path, entry)
    assert Path(name).name in str(caught.value)


@pytest.mark.parametrize(
    ('first', 'last', 'names'),
    [
        (None, None, 'abcd'),
        ('b', None, 'bcd'),
        (None, 'b', 'ab'),
        ('c', 'c', 'c'),
    ],
)
def test_a_stretch_is_chosen(chain, first, last, names):
    assert ''.join(s.name for s in choose(chain, first, last)) == names


NAMED = {**TOOL, 'name': 'a'}


@pytest.mark.parametrize(
    ('entries', 'word'),
    [
        ([], 'stages'),
        ([NAMED, NAMED], "'a'"),
        ([{**NAMED, 'argument': []}], "'argument'"),
        ([{**NAMED, 'name': '../a'}], '../a'),
        ([{**NAMED, 'kind': 'trian'}], 'trian'),
        ([{'name': 'a', 'kind': 'train'}], '`config`'),
        ([{'name': 'a', 'kind': 'test', 'config': 'x'}], '`checkpoint`'),
        ([{'name': 'a', 'kind': 'tool'}], '`tool`'),
        ([{**NAMED, 'tool': 'gone.py'}], 'gone.py'),
        ([{**TOOL, 'name': 'a', 'cfg_options': {'k': 3}}], '`cfg_options`'),
        ([{'name': 'a', 'kind': 'train', 'config': 'gone.py'}], 'gone.py'),
        ([{**NAMED, 'arguments': ['{b.x}']}], '{b.x}'),
        (
            [
                {**NAMED, 'outputs': {'labels': 'l'}},
                {**TOOL, 'name': 'b', 'inputs': ['{a.label}']},
            ],
            "'a.labels'",
        ),
        ([{**NAMED, 'arguments': ['{a.x}'], 'outputs': {'x': 'x'}}], '{a.x}'),
        (
            [
                {**NAMED, 'name': 'a-b', 'outputs': {'x': 'x'}},
                {**TOOL, 'name': 'b', 'arguments': ['{a-b.y}']},
            ],
            '{a-b.y}',
        ),
        (['a'], "'a'"),
        ([{**NAMED, 'outputs': ['labels']}], '`outputs`'),
        ([{**NAMED, 'arguments': '--crf par'}], '`arguments`'),
        ([{**NAMED, 'env': ['A=1']}], '`env`'),
    ],
)
def test_a_bad_config_is_refused_with_its_place(tmp_path, entries, word):
    with pytest.raises(UserError) as caught:
        stages_of(tmp_path, *entries)
    assert word in str(caught.value)
    assert str(tmp_path / 'p.py') in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'word'),
    [
        ("roles = dict(cams='{a.cam}')", 'a.cam'),
        ("roles = dict(images='{a.x}/b', cams='{b.x}')", 'b.x'),
        ("headline = [dict(label='L', stage='aa', metric='m')]", "'aa'"),
        ("headline = [dict(label='L', stage='a')]", 'metric'),
        ("roles = ['{a.x}']", 'roles'),
        ("stage_overrides = ['a']", 'stage_overrides'),
    ],
)
def test_a_summary_of_unknown_stages_is_refused(tmp_path, text, word):
    stage = {**NAMED, 'outputs': {'x': 'x'}}
    path = tmp_path / 'p.py'
    path.write_text(f'stages = [{stage!r}]\n')
    assert read_stages(Config.fromfile(path))[0].name == 'a'
    path.write_text(f'stages = [{stage!r}]\n{text}\n')
    with pytest.raises(UserError) as caught:
        read_stages(Config.fromfile(path))
    assert word in str(caught.value)
