from pathlib import Path

import pytest
from mmengine.config import Config

from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline import (
    PipelineConfigError,
    choose,
    dependents,
    pipeline_work_dir,
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
        {**TOOL, 'name': 'd', 'cfg_options': {'k': 3}},
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
    with pytest.raises(PipelineConfigError, match=r'mean .*amr_r50_voc\.py'):
        stages_of(tmp_path, entry)


def test_references_are_found_once_and_everywhere(chain):
    assert [s.references() for s in chain] == [
        [],
        [('a', 'x')],
        [('b', 'y'), ('b', 'z')],
        [],
    ]


def test_dependents_are_followed_through_the_chain(chain):
    assert dependents(chain[0], chain) == ['b', 'c']
    assert dependents(chain[1], chain) == ['c']
    assert dependents(chain[3], chain) == []


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


@pytest.mark.parametrize(
    ('first', 'last', 'words'),
    [
        ('bb', None, "did you mean 'b'"),
        (None, 'zzz', 'known: a, b, c, d'),
        ('c', 'a', "'a' comes before 'c'"),
    ],
)
def test_a_bad_stretch_is_refused(chain, first, last, words):
    with pytest.raises(PipelineConfigError, match=words):
        choose(chain, first, last)


NAMED = {**TOOL, 'name': 'a'}


@pytest.mark.parametrize(
    ('entries', 'words'),
    [
        ([], 'has no `stages`'),
        ([NAMED, NAMED], "two stages are called 'a'"),
        ([{**NAMED, 'argument': []}], "did you mean 'arguments'"),
        ([{**NAMED, 'name': '../a'}], '`name` must be a word'),
        ([{**NAMED, 'kind': 'trian'}], 'train, test, tool'),
        ([{'name': 'a', 'kind': 'train'}], 'needs `config`'),
        ([{'name': 'a', 'kind': 'test', 'config': 'x'}], 'needs `checkpoint`'),
        ([{'name': 'a', 'kind': 'tool'}], 'needs `tool`'),
        ([{**NAMED, 'tool': 'gone.py'}], r'file not found: .*gone\.py'),
        ([{'name': 'a', 'kind': 'train', 'config': 'gone.py'}], 'not found'),
        ([{**NAMED, 'arguments': ['{b.x}']}], 'which no earlier stage makes'),
        (
            [
                {**NAMED, 'outputs': {'labels': 'l'}},
                {**TOOL, 'name': 'b', 'inputs': ['{a.label}']},
            ],
            r"did you mean 'a\.labels'",
        ),
        ([{**NAMED, 'arguments': ['{a.x}'], 'outputs': {'x': 'x'}}], 'no ear'),
    ],
)
def test_a_bad_config_is_refused_with_its_place(tmp_path, entries, words):
    with pytest.raises(PipelineConfigError, match=words) as caught:
        stages_of(tmp_path, *entries)
    assert str(tmp_path / 'p.py') in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ("roles = dict(cams='{a.cam}')", r"'cams' refers to .*known: a\.x"),
        ("roles = dict(images='{a.x}/b', cams='{b.x}')", 'no earlier stage'),
        (
            "headline = [dict(label='L', stage='aa', metric='m')]",
            r"headline 'L' is of the stage 'aa'.*did you mean 'a'",
        ),
    ],
)
def test_a_summary_of_stages_that_are_not_there_is_refused(
    tmp_path, text, words
):
    stage = {**NAMED, 'outputs': {'x': 'x'}}
    path = tmp_path / 'p.py'
    path.write_text(f'stages = [{stage!r}]\n')
    assert read_stages(Config.fromfile(path))[0].name == 'a'
    path.write_text(f'stages = [{stage!r}]\n{text}\n')
    with pytest.raises(PipelineConfigError, match=words):
        read_stages(Config.fromfile(path))


def test_outputs_of_a_test_are_those_it_can_leave(tmp_path):
    config = tmp_path / 'c.py'
    config.write_text('a = 1\n')
    entry = {
        'name': 'a',
        'kind': 'test',
        'config': str(config),
        'checkpoint': 'x.pth',
    }
    (stage,) = stages_of(tmp_path, {**entry, 'outputs': ['cams']})
    assert stage.outputs == {'cams': '{stage}/cams'}
    with pytest.raises(PipelineConfigError, match="did you mean 'cams'"):
        stages_of(tmp_path, {**entry, 'outputs': ['cam']})


def test_work_dir_is_given_configured_or_named(tmp_path):
    path = tmp_path / 'p.py'
    path.write_text("name = 'n'\n")
    cfg = Config.fromfile(path)
    here = Path.cwd()
    assert pipeline_work_dir(cfg) == here / 'work_dirs' / 'n'
    assert pipeline_work_dir(cfg, 'x') == here / 'x'
    cfg.work_dir = str(tmp_path)
    assert pipeline_work_dir(cfg) == tmp_path
    own = Path(__file__).parents[3] / 'configs'
    names = [
        pipeline_work_dir(Config.fromfile(own / name))
        for name in ('own_data_example.py', 'pipelines/amr_voc12.py')
    ]
    assert names[0] != names[1]
