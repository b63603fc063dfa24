"""Faults of a user's config are told in a line that names the remedy."""

import pytest
from mmengine.config import Config
from mmengine.registry import HOOKS, Registry

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_faults import (
    build_fault,
    near_files,
    require_keys,
)
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch.tool_setup import run_tool

THINGS = Registry('thing')


@THINGS.register_module()
class Widget:
    def __init__(self, width):
        self.width = width


@THINGS.register_module()
class Gadget(Widget):
    def __init__(self, colour='red', **others):
        if colour == 'none':
            {}['inside']
        if colour == 'bad':
            len(3)
        super().__init__(**others)


def fault_of(config, registry=THINGS):
    try:
        registry.build(config)
    except Exception as error:
        return build_fault(error)
    raise AssertionError('it was built')


@pytest.mark.parametrize(
    ('config', 'words'),
    [
        ({'type': 'Widgt'}, "'Widgt' that is no thing (did you mean 'Widget'"),
        ({'type': 'Widget', 'widht': 3}, "'widht' (did you mean 'width'?)"),
        (
            {'type': 'Widget'},
            "missing 1 required positional argument: 'width'",
        ),
        ({'type': 'Gadget', 'widht': 3}, "did you mean 'width'?"),
    ],
)
def test_what_cannot_be_built_is_told_with_the_nearest_name(config, words):
    assert words in fault_of(config)


@pytest.mark.parametrize('colour', ['none', 'bad'])
def test_faults_of_the_code_keep_their_traceback(colour):
    assert fault_of({'type': 'Gadget', 'colour': colour}) is None


def test_types_of_further_packages_are_known_too():
    fault = fault_of({'type': 'CAMGenerationHok'}, HOOKS)
    assert "(did you mean 'CAMGenerationHook'?)" in fault
    assert build_fault(KeyError('x')) is None


def test_tools_end_with_the_line_alone(capsys):
    def main():
        THINGS.build({'type': 'Widget', 'widht': 3})

    with pytest.raises(SystemExit) as caught:
        run_tool(main)
    assert caught.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith('\nERROR: the config cannot be built')
    assert 'Traceback' not in errors
    with pytest.raises(ZeroDivisionError):
        run_tool(lambda: 1 / 0)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a = 1\nb = dict(x=epochs)\n', r'one\.py, line 2: NameError.*epochs'),
        ("import os\na = os.environ['NO_SUCH']\n", r'line 2: KeyError.*NO_SU'),
        ('a = 1\nb = a[0]\n', r'one\.py, line 2: TypeError'),
        ("_base_ = ['./x.py', './y.py']\n", 'Duplicate key'),
    ],
)
def test_the_line_of_a_config_is_named(tmp_path, text, words):
    for name in ('x.py', 'y.py'):
        (tmp_path / name).write_text('same = 1\n')
    path = tmp_path / 'one.py'
    path.write_text(text)
    with pytest.raises(UserError, match=words) as caught:
        read_config(path)
    assert 'environment' not in str(caught.value)


def test_the_nearest_config_is_named(tmp_path):
    (tmp_path / 'amr_r50_voc.py').write_text('')
    with pytest.raises(UserError, match=r'did you mean .*amr_r50_voc\.py'):
        read_config(tmp_path / 'amr_r50_vocc.py')
    assert near_files(tmp_path / 'gone' / 'amr_r50_vocc.py') == ''
    assert near_files(tmp_path / 'zzz') == ''


def test_configs_of_another_kind_are_told(tmp_path):
    (tmp_path / 'p.py').write_text("stages = [dict(name='a')]\n")
    config = Config.fromfile(tmp_path / 'p.py')
    with pytest.raises(UserError, match=r'run_pipeline\.py .*p\.py'):
        require_keys(config, 'training', ['model'])
    config = Config({'model': {'type': 'A'}, 'test_cfg': None})
    with pytest.raises(UserError, match=r'lacks test_cfg, test_dataloader'):
        require_keys(config, 'test', ['model', 'test_cfg', 'test_dataloader'])
    require_keys(config, 'test', ['model'])
