"""Every tool reads configs in one way, and names what is wrong with one."""

import os
from pathlib import Path

import pytest

from projects.amr.errors import UserError
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.launch import tool_setup


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        (None, r'one\.py'),
        ('a = (', r'one\.py'),
        ("a = '{{$NO_SUCH_NAME:}}'\nb = '{{$NO_SUCH_NAME}}'", 'variable'),
        ("_base_ = 'gone.py'", r'gone\.py'),
    ],
)
def test_a_broken_config_is_named(tmp_path, text, words):
    path = tmp_path / 'one.py'
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=words) as caught:
        read_config(path)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    'value',
    [
        "/data/l'été $HOME",
        '/data/the "big" disk',
        "/data/a\\new\\1 \\'b\\",
        r'\g<0>{{$LABEL_DIR:x}}',
        '0',
    ],
)
def test_environment_variables_hold_any_path(tmp_path, monkeypatch, value):
    monkeypatch.setenv('VOC_ROOT', value)
    (tmp_path / 'base.py').write_text("root = '{{$VOC_ROOT:a}}'\n")
    path = tmp_path / 'one.py'
    path.write_text(
        '_base_ = "base.py"\nlist = "{{$VOC_ROOT:a}}/list.txt"\nn = 1\n'
    )
    cfg = read_config(path)
    assert (cfg.root, cfg.list) == (value, f'{value}/list.txt')
    assert os.environ['VOC_ROOT'] == value
    assert cfg.env_variables == {'VOC_ROOT': value}
    cfg.dump(tmp_path / 'dumped.py')
    monkeypatch.delenv('VOC_ROOT')
    if '{{$' not in value:
        assert read_config(tmp_path / 'dumped.py').root == value


@pytest.mark.parametrize(
    ('options', 'before', 'after'),
    [
        ({}, None, None),
        ({'randomness.deterministic': True}, None, ':4096:8'),
        ({'randomness.deterministic': True}, ':16:8', ':16:8'),
    ],
)
def test_a_deterministic_run_may_multiply_matrices_on_a_gpu(
    monkeypatch, options, before, after
):
    monkeypatch.setenv('CUBLAS_WORKSPACE_CONFIG', before or '')
    if not before:
        monkeypatch.delenv('CUBLAS_WORKSPACE_CONFIG')
    monkeypatch.setattr(tool_setup, 'use_strict_loading', lambda _: None)
    path = Path(__file__).parents[3] / 'configs/toy/amr_r26_toyvoc.py'
    tool_setup.resolve_config(path, options)
    assert os.environ.get('CUBLAS_WORKSPACE_CONFIG') == after


def test_configs_may_import_and_may_be_lazy(tmp_path):
    (tmp_path / 'plain.py').write_text('import os\nname = os.sep\n')
    assert read_config(tmp_path / 'plain.py').name == os.sep
    (tmp_path / 'lazy.py').write_text(
        'from mmengine.config import read_base\n'
        'from mmengine.optim import OptimWrapper\n'
        'with read_base():\n    from .base import *\n'
        'wrapper = dict(type=OptimWrapper)\n'
    )
    (tmp_path / 'base.py').write_text('lr = 0.5\n')
    cfg = read_config(tmp_path / 'lazy.py')
    assert cfg.lr == 0.5
    assert cfg.wrapper.type.__name__ == 'OptimWrapper'
