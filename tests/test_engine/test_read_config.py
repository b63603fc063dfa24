"""Every tool reads configs in one way, and names what is wrong with one."""

import os
from argparse import Namespace
from pathlib import Path

import pytest

from projects.amr.engine import launch
from projects.amr.engine.launch import read_config
from projects.amr.errors import MissingDependencyError, UserError


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


def test_a_missing_module_is_a_missing_dependency(tmp_path):
    path = tmp_path / 'one.py'
    path.write_text(
        "custom_imports = dict(imports=['no_such_module'], "
        'allow_failed_imports=False)'
    )
    with pytest.raises(MissingDependencyError, match='no_such_module'):
        read_config(path)


def test_bases_of_mmseg_are_found(tmp_path):
    path = tmp_path / 'one.py'
    path.write_text("_base_ = 'mmseg::_base_/models/fcn_r50-d8.py'\n")
    assert read_config(path).model.decode_head.type == 'FCNHead'


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
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(launch, 'use_strict_loading', lambda _: None)
    path = Path(__file__).parents[2] / 'configs/toy/amr_r26_toyvoc.py'
    args = Namespace(
        config=str(path),
        cfg_options=options,
        launcher='none',
        local_rank=0,
        work_dir=None,
    )
    launch.load_config(args)
    assert os.environ.get('CUBLAS_WORKSPACE_CONFIG') == after
