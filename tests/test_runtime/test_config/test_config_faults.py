"""Faults of a user's config are one line, without a traceback."""

import pytest
from mmengine.registry import Registry
from mmseg.registry import TRANSFORMS

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import (
    build_fault,
    read_config,
)
from projects.amr.workflow.launch.tool_setup import run_tool

THINGS = Registry('thing')


@THINGS.register_module()
class Widget:
    def __init__(self, width):
        if width == 0:
            raise ValueError('no width')
        self.width = width


def check_colour(colour):
    if colour == 'odd':
        raise ValueError('no such colour')
    if colour == 'unknown':
        raise KeyError('no such colour')


@THINGS.register_module()
class Gadget(Widget):
    def __init__(self, colour='red', **others):
        check_colour(colour)
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
    ('config', 'name'),
    [
        ({'type': 'Widgt'}, 'Widgt'),
        ({'type': 'Widget', 'widht': 3}, "'widht'"),
        ({'type': 'Widget'}, "'width'"),
        ({'type': 'Gadget', 'widht': 3}, "'widht'"),
        ({'type': 'Gadget', 'width': 0}, 'Gadget'),
        ({'type': 'Gadget', 'colour': 'odd'}, 'Gadget: no such colour'),
        ({'type': 'Gadget', 'colour': 'unknown'}, 'Gadget: no such colour'),
    ],
)
def test_what_cannot_be_built_is_named(config, name):
    assert name in fault_of(config)


@pytest.mark.parametrize('recipe', ['irn', 'oaa'])
def test_a_misspelt_parameter_of_a_seed_is_named(recipe):
    fault = fault_of(
        {'type': 'GenerateSeed', 'recipe': recipe, 'fgthr': 0.5}, TRANSFORMS
    )
    assert "GenerateSeed: got an unexpected keyword argument 'fgthr'" in fault


@pytest.mark.parametrize('colour', ['none', 'bad'])
def test_faults_of_the_code_keep_their_traceback(colour):
    assert fault_of({'type': 'Gadget', 'colour': colour}) is None


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


def test_files_that_fail_and_ctrl_c_are_lines_as_well(tmp_path, capsys):
    (tmp_path / 'file').touch()

    def interrupted():
        raise KeyboardInterrupt

    for main, code, words in (
        ((tmp_path / 'gone').read_text, 2, str(tmp_path / 'gone')),
        ((tmp_path / 'file' / 'x').mkdir, 2, 'file/x'),
        (interrupted, 130, 'STOPPED'),
    ):
        with pytest.raises(SystemExit) as caught:
            run_tool(main)
        assert caught.value.code == code
        assert words in capsys.readouterr().err
    with pytest.raises(OSError, match='no file'):
        run_tool(lambda: (_ for _ in ()).throw(OSError('no file')))


@pytest.mark.parametrize(
    ('text', 'place'),
    [
        ('a = 1\nb = dict(x=epochs)\n', 'one.py, line 2: NameError'),
        ("import os\na = os.environ['NO_SUCH']\n", 'line 2: KeyError'),
        ('a = 1\nb = a[0]\n', 'one.py, line 2: TypeError'),
        ("_base_ = ['./x.py', './y.py']\n", 'same'),
    ],
)
def test_the_line_of_a_config_is_named(tmp_path, text, place):
    for name in ('x.py', 'y.py'):
        (tmp_path / name).write_text('same = 1\n')
    path = tmp_path / 'one.py'
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_config(path)
    assert place in str(caught.value)
    assert 'environment' not in str(caught.value)
